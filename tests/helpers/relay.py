"""A TURN server on loopback, as far as WebRTC needs one: allocations with a password, channels, and nothing else."""

import asyncio
import contextlib
import secrets
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from aioice import stun
from aioice.turn import make_integrity_key

REALM, NONCE = "relay.example", b"0123456789abcdef"
Address = tuple[str, int]


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, took: Callable[[bytes, Address], None]) -> None:
        self.took = took

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.took(data, addr)


@dataclass
class _Allocation:
    transport: asyncio.DatagramTransport
    channels: dict[int, Address] = field(default_factory=dict)


class Relay:
    """`url`: as `--turn` takes it. `passed`: packets that went through, `refused`: requests with a wrong password."""

    def __init__(self) -> None:
        self.user, self.password = "ann", secrets.token_hex(8)
        self.passed = self.refused = 0
        self._held: dict[Address, _Allocation] = {}

    async def open(self) -> None:
        self._door = await self._listen(self._asked)
        self.port: int = self._door.get_extra_info("sockname")[1]
        self.url = f"turn:{self.user}:{self.password}@127.0.0.1:{self.port}?transport=udp"

    def close(self) -> None:
        for allocation in self._held.values():
            allocation.transport.close()
        self._door.close()

    async def _listen(self, took: Callable[[bytes, Address], None]) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        return (await loop.create_datagram_endpoint(lambda: _Socket(took), ("127.0.0.1", 0)))[0]

    def _asked(self, data: bytes, client: Address) -> None:
        if data[0] & 0xC0 == 0x40:  # on a channel
            number, length = struct.unpack("!HH", data[:4])
            allocation = self._held.get(client)
            if allocation is not None and number in allocation.channels:
                self.passed += 1
                allocation.transport.sendto(data[4 : 4 + length], allocation.channels[number])
            return
        self._answering = asyncio.ensure_future(self._answer(stun.parse_message(data), client))

    async def _answer(self, request: stun.Message, client: Address) -> None:
        key = make_integrity_key(self.user, REALM, self.password)
        answer = stun.Message(request.message_method, stun.Class.RESPONSE, request.transaction_id)
        if not request.check_message_integrity(key):
            self.refused += "MESSAGE-INTEGRITY" in request.attributes
            answer.message_class = stun.Class.ERROR
            answer.attributes |= {"ERROR-CODE": (401, "who are you?"), "NONCE": NONCE, "REALM": REALM}
            self._door.sendto(bytes(answer), client)
            return
        match request.message_method:
            case stun.Method.ALLOCATE:
                transport = await self._listen(lambda data, peer: self._came(data, peer, client))
                self._held[client] = _Allocation(transport)
                relayed = transport.get_extra_info("sockname")
                answer.attributes |= {"XOR-RELAYED-ADDRESS": relayed, "XOR-MAPPED-ADDRESS": client, "LIFETIME": 600}
            case stun.Method.CHANNEL_BIND:
                number, peer = request.attributes["CHANNEL-NUMBER"], request.attributes["XOR-PEER-ADDRESS"]
                self._held[client].channels[number] = peer
            case stun.Method.REFRESH:
                answer.attributes["LIFETIME"] = request.attributes["LIFETIME"]
        answer.add_message_integrity(key)
        self._door.sendto(bytes(answer), client)

    def _came(self, data: bytes, peer: Address, client: Address) -> None:
        for number, bound in self._held[client].channels.items():
            if bound == peer:
                self.passed += 1
                self._door.sendto(struct.pack("!HH", number, len(data)) + data, client)
                return


@contextlib.asynccontextmanager
async def relay() -> AsyncIterator[Relay]:
    made = Relay()
    await made.open()
    try:
        yield made
    finally:
        made.close()
