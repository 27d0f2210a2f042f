"""Promises of faces whose model is a process of its own: nothing is lost but what was being said."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import cast

import numpy as np
import pytest
from PIL import Image

from livetalk.avatar.session import (
    AtCapacity,
    AvatarItem,
    AvatarLost,
    AvatarRestored,
    Interrupted,
    TimedBlock,
    UtteranceFinished,
)
from livetalk.cli.console import avatars, weights
from livetalk.worker import host, messages
from livetalk.worker import remote as module
from livetalk.worker.connection import WorkerConnection
from livetalk.worker.host import WorkerHost
from livetalk.worker.messages import MAX_TRIES
from livetalk.worker.remote import RemoteAvatar

PORTRAIT = np.array(Image.open(next(iter(avatars().values()))).convert("RGB").resize((256, 256)))
TONE = (0.3 * np.sin(np.arange(48_000) * 0.05)).astype(np.float32)


def real(test: Callable[..., None]) -> Callable[..., None]:
    """A test with the model in a process of its own."""
    return pytest.mark.slow(pytest.mark.skipif(not weights(), reason="needs the bundled weights")(test))


@asynccontextmanager
async def _watched(
    every: float = 1.0,
) -> AsyncIterator[tuple[WorkerHost, RemoteAvatar, list[tuple[float, AvatarItem]]]]:
    before, module.EVERY = module.EVERY, every
    studio = WorkerHost(places=1)
    seen: list[tuple[float, AvatarItem]] = []

    async def watch(face: RemoteAvatar) -> None:
        async for item in face.items():
            seen.append((time.monotonic(), item))

    try:
        await studio.start()
        face = await studio.open(PORTRAIT, "a person talks, calm and friendly", seed=1)
        watching = asyncio.create_task(watch(face))
        yield studio, face, seen
        await face.close()
        await asyncio.wait_for(watching, 5)
    finally:
        module.EVERY = before
        await studio.close()


async def _until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.02)


def _blocks(seen: list[tuple[float, AvatarItem]]) -> list[TimedBlock]:
    return [item for _, item in seen if isinstance(item, TimedBlock)]


def _first(seen: list[tuple[float, AvatarItem]], kind: type) -> tuple[float, AvatarItem]:
    return next((t, item) for t, item in seen if isinstance(item, kind))


@real
def test_speech_comes_back_with_moving_frames_and_an_interrupt_cuts_it():
    async def run() -> None:
        async with _watched() as (studio, face, seen):
            assert (studio.capacity, studio.size, face.size) == (1, 256, (256, 256))
            with pytest.raises(AtCapacity):
                await studio.open(PORTRAIT, "", 0)
            await _until(lambda: len(_blocks(seen)) > 2)
            await face.push(TONE, 24_000)
            await face.end()
            await _until(lambda: sum(b.speech_samples for b in _blocks(seen)) > 12_000)
            began = time.monotonic()
            await face.interrupt()
            await _until(lambda: any(isinstance(item, Interrupted) for _, item in seen))
            assert time.monotonic() - began < 0.25
            after = len(seen)
            await _until(lambda: len(_blocks(seen[after:])) > 3)
            assert not any(block.audio.any() for block in _blocks(seen[after:]))
            blocks = _blocks(seen)
            assert all(block.frames.shape[1:] == (256, 256, 3) for block in blocks)
            numbers = [n for b in blocks for n in range(b.first_frame, b.first_frame + len(b.frames))]
            assert numbers == list(range(len(numbers))), "every frame once"

    asyncio.run(run())


@real
def test_an_end_is_answered_behind_the_last_sample():
    async def run() -> None:
        async with _watched() as (_, face, seen):
            await face.push(TONE[:24_000], 24_000)
            await face.end()
            await _until(lambda: any(isinstance(item, UtteranceFinished) for _, item in seen))
            place = next(i for i, (_, item) in enumerate(seen) if isinstance(item, UtteranceFinished))
            spoken = [block for block in _blocks(seen[:place]) if block.speech_samples]
            assert sum(block.speech_samples for block in spoken) == pytest.approx(16_000, abs=20)  # resampled
            last = spoken[-1]
            finished = seen[place][1]
            assert isinstance(finished, UtteranceFinished)
            assert last.pts < finished.pts <= last.pts + len(last.audio)

    asyncio.run(run())


@real
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_process_that_dies_or_hangs_is_told_within_two_seconds_and_the_face_goes_on(blow: signal.Signals):
    async def run() -> None:
        async with _watched() as (studio, face, seen):
            await _until(lambda: face._kept is not None and bool(_blocks(seen)))
            pid = studio.pid
            assert pid is not None
            struck = time.monotonic()
            os.kill(pid, blow)
            await _until(lambda: any(isinstance(item, AvatarLost) for _, item in seen))
            assert _first(seen, AvatarLost)[0] - struck < 2.0
            await face.push(TONE, 24_000)  # nobody hears it, and nothing breaks
            await _until(lambda: any(isinstance(item, AvatarRestored) for _, item in seen))
            back, returned = _first(seen, AvatarRestored)
            assert isinstance(returned, AvatarRestored)
            assert returned.from_snapshot
            assert studio.restarts == 1
            await _until(lambda: isinstance(seen[-1][1], TimedBlock) and seen[-1][0] > back)
            pts = [item.pts for _, item in seen if not isinstance(item, Interrupted)]
            assert pts == sorted(pts), "the clock never goes back"
            last = next(b for b in reversed(_blocks([s for s in seen if s[0] < struck]))).frames[-1].astype(int)
            first = next(b for b in _blocks([s for s in seen if s[0] > back])).frames[0].astype(int)
            assert np.abs(last - first).mean() < 12, "the same face goes on"

    asyncio.run(run())


@real
def test_a_face_without_a_snapshot_begins_anew_from_its_portrait():
    async def run() -> None:
        async with _watched(every=1000.0) as (studio, _, seen):
            await _until(lambda: len(_blocks(seen)) > 1)
            assert studio.pid is not None
            os.kill(studio.pid, signal.SIGKILL)
            await _until(lambda: any(isinstance(item, AvatarRestored) for _, item in seen))
            returned = _first(seen, AvatarRestored)[1]
            assert isinstance(returned, AvatarRestored)
            assert not returned.from_snapshot

    asyncio.run(run())


@real
def test_a_snapshot_opens_a_face_and_strange_bytes_do_not():
    async def run() -> None:
        async with _watched() as (studio, face, seen):
            await _until(lambda: len(_blocks(seen)) > 4)
            kept = await face.snapshot()
            await face.close()
            for strange in (b"", b"x" * 1000, kept[:-100]):
                with pytest.raises(ValueError, match="snapshot"):
                    await studio.open(PORTRAIT, "", 0, strange)
            again = await studio.open(PORTRAIT, "", 0, kept)
            await again.close()

    asyncio.run(run())


@real
def test_faces_that_nobody_looks_at_leave_their_places_to_others():
    async def run() -> None:
        studio = WorkerHost(places=1)
        await studio.start()
        try:
            for _ in range(2):
                unseen = await studio.open(PORTRAIT, "")
                items = unseen.items()
                await anext(items)
                await asyncio.sleep(2.0)  # frames wait in the shared memory
                await unseen.close()
            face, seen = await studio.open(PORTRAIT, ""), 0
            async for _ in face.items():
                seen += 1
                if seen == 8:
                    break
            await face.close()
        finally:
            await studio.close()

    asyncio.run(asyncio.wait_for(run(), 60))


@real
def test_a_face_that_was_not_waited_for_takes_no_place(monkeypatch: pytest.MonkeyPatch):
    async def run() -> None:
        studio = WorkerHost(places=1)
        await studio.start()
        try:
            monkeypatch.setattr(host, "ANSWER", 0.0)
            with pytest.raises(AtCapacity, match="try again"):
                await studio.open(PORTRAIT, "")
            monkeypatch.undo()
            await asyncio.sleep(1.0)
            face = await studio.open(PORTRAIT, "")
            await anext(aiter(face.items()))
            await face.close()
        finally:
            await studio.close()

    asyncio.run(asyncio.wait_for(run(), 60))


@real
def test_a_face_that_stood_still_when_its_process_died_stands_still_in_the_next():
    async def run() -> None:
        async with _watched() as (studio, face, seen):
            await _until(lambda: len(_blocks(seen)) > 2)
            await face.pause()
            assert studio.pid is not None
            os.kill(studio.pid, signal.SIGKILL)
            await _until(lambda: any(isinstance(item, AvatarRestored) for _, item in seen))
            await asyncio.sleep(0.5)
            before = len(_blocks(seen))
            await asyncio.sleep(1.5)
            assert len(_blocks(seen)) == before
            await face.resume()
            await _until(lambda: len(_blocks(seen)) > before + 3)

    asyncio.run(run())


@real
def test_weights_that_are_not_there_are_one_sentence(tmp_path):
    async def run() -> None:
        with pytest.raises(ValueError, match="give a folder that holds all weights"):
            await WorkerHost(weights=tmp_path).start()

    asyncio.run(run())


@real
def test_signals_are_the_parents_business():
    async def run() -> None:
        async with _watched() as (studio, _, seen):
            await _until(lambda: bool(_blocks(seen)))
            pid = studio.pid
            assert pid is not None
            assert os.getpgid(pid) != os.getpgid(0), "a terminal's signals go to the parent alone"
            assert os.getsid(pid) == os.getsid(0), "priorities count within a session only"
            for number in (signal.SIGTERM, signal.SIGINT):
                os.kill(pid, number)
            before = len(_blocks(seen))
            await _until(lambda: len(_blocks(seen)) > before + 2)
            assert studio.restarts == 0

    asyncio.run(run())


@real
def test_a_process_that_loads_ends_with_its_parent():
    ours, theirs = socket.socketpair()
    memory = os.memfd_create("frames")
    command = [sys.executable, "-m", "livetalk.worker.process", str(theirs.fileno()), str(memory)]
    process = subprocess.Popen(command, pass_fds=(theirs.fileno(), memory), stderr=subprocess.PIPE)
    try:
        theirs.close()
        line = Connection(ours.detach())
        line.send(messages.Load("tiny", None, None))
        line.close()
        _, said = process.communicate(timeout=30)
        assert said == b""
    finally:
        process.kill()
        process.communicate()
        os.close(memory)


def test_a_loop_that_stood_still_does_not_take_the_process_for_dead(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(host, "SILENT", 0.1)

    async def run() -> None:
        reports: asyncio.Queue[messages.Heartbeat] = asyncio.Queue()

        class Reports:
            next = staticmethod(reports.get)

        line, loop = cast(WorkerConnection, Reports()), asyncio.get_running_loop()
        hearing = asyncio.create_task(host._heard(line))
        await asyncio.sleep(0.01)
        beat = threading.Timer(0.15, lambda: loop.call_soon_threadsafe(reports.put_nowait, messages.Heartbeat()))
        beat.start()
        time.sleep(0.3)  # the loop stands still; the report comes meanwhile, after the time was over
        assert await hearing == messages.Heartbeat()
        with pytest.raises(TimeoutError):
            await host._heard(line)

    asyncio.run(run())


class Reluctant:
    """A studio that answers a face that comes back with what it is told to; None opens it."""

    ready = True

    def __init__(self, *answers: Exception | None) -> None:
        self.answers, self.asked, self.renumbered = list(answers), list[bytes | None](), 0

    async def ask_open(self, order: messages.Open) -> None:
        self.asked.append(order.snapshot)
        answer = self.answers.pop(0)
        if answer is not None:
            raise answer

    def renumber(self, session: int) -> int:
        self.renumbered += 1
        return session + 1

    def tell(self, _: messages.Command) -> None: ...


@pytest.mark.parametrize(
    ("answers", "asked", "renumbered"),
    [
        ([AtCapacity("full"), AtCapacity("full"), None], [b"kept"] * 3, 0),
        ([TimeoutError(), None], [b"kept"] * 2, 1),
        ([AtCapacity("full"), ValueError("no snapshot"), None], [b"kept", b"kept", None], 0),
        ([ValueError("no snapshot"), ValueError("no portrait")], [b"kept", None], 0),
        ([TimeoutError()] * MAX_TRIES, [b"kept"] * MAX_TRIES, MAX_TRIES - 1),
    ],
)
def test_a_face_waits_for_its_place_and_keeps_its_snapshot(
    answers: list[Exception | None], asked: list[bytes | None], renumbered: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "PATIENCE", 0.0)

    async def run() -> None:
        studio = Reluctant(*answers)
        face = RemoteAvatar(cast(messages.Commands, studio), 1, messages.Open(0, PORTRAIT, "", 0, b"kept"), 256)
        face.lost("for a test")
        face.reopen()
        items = face.items()
        assert isinstance(await anext(items), AvatarLost)
        if answers[-1] is None:
            returned = await anext(items)
            assert isinstance(returned, AvatarRestored)
            assert returned.from_snapshot == (asked[-1] is not None)
        else:
            with pytest.raises(ValueError, match=r"no portrait|open a new one"):
                await anext(items)
        assert (studio.asked, studio.renumbered) == (asked, renumbered)

    asyncio.run(run())
