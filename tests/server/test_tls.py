"""A certificate of one's own is made once, kept to oneself, and good for this machine's names."""

import asyncio
import os
import ssl
import stat
from pathlib import Path

import pytest

from livetalk.cli.serve import addressed
from livetalk.server.tls import certificate


def test_it_is_made_once_and_its_key_is_ours_alone(tmp_path: Path):
    cert, key = certificate(tmp_path / "tls")
    before = cert.read_bytes()
    assert certificate(tmp_path / "tls") == (cert, key)
    assert cert.read_bytes() == before
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600
    cert.write_text("damaged")
    certificate(tmp_path / "tls")
    assert cert.read_bytes() != b"damaged"


def test_a_key_of_another_certificate_is_not_used(tmp_path: Path):
    cert, key = certificate(tmp_path / "ours")
    _, other = certificate(tmp_path / "theirs")
    key.write_bytes(other.read_bytes())  # as after a crash between the two
    certificate(tmp_path / "ours")
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)


def test_a_browser_could_use_it(tmp_path: Path):
    cert, key = certificate(tmp_path)

    async def run() -> bytes:
        ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ours.load_cert_chain(cert, key)
        theirs = ssl.create_default_context(cafile=str(cert))

        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=ours)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=theirs, server_hostname="localhost")
        words = await reader.read()
        writer.close()
        server.close()
        return words

    assert asyncio.run(run()) == b"hello"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="--tls-dir"):
        certificate(tmp_path / "file" / "tls")


def test_one_is_told_where_the_page_is():
    assert addressed("127.0.0.1", 80, False)[0] == "Open http://localhost:80"
    assert "--tls-self-signed" in addressed("192.0.2.7", 80, False)[-1]
    assert "https://192.0.2.7:80" in addressed("192.0.2.7", 80, True)[-1]
