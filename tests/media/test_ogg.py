"""Promises of Ogg chains: where one recording ends and the next begins."""

import io
from pathlib import Path

import pytest

from livetalk.media.ogg import FilePart, chain_links
from tests.helpers.sounds import encoded, hello


def test_links_are_the_recordings(tmp_path: Path) -> None:
    one = encoded(tmp_path / "1.ogg", [hello()], "libopus", 16_000).read_bytes()
    two = encoded(tmp_path / "2.ogg", [hello()[:9_000]], "libopus", 16_000).read_bytes()
    path = tmp_path / "chain.ogg"
    path.write_bytes(one + two + one)
    a, b = len(one), len(one) + len(two)
    assert chain_links(path) == [(0, a), (a, b), (b, b + a)]
    assert chain_links(tmp_path / "1.ogg") == [(0, a)]


@pytest.mark.parametrize("content", [b"", b"Ogg", b"OggS", b"OggS\0\2" * 5, b"RIFF" + bytes(60), b"OggS\1\2" * 9])
def test_what_is_no_chain_is_one_part(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.ogg"
    path.write_bytes(content)
    assert chain_links(path) == [(0, len(content))]


def test_a_part_is_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(100)))
    with FilePart(path, 10, 20) as part:
        assert part.read(4) == bytes(range(10, 14))
        assert part.read() == bytes(range(14, 20))
        assert part.read(1) == b""
        assert part.seek(-2, io.SEEK_END) == 8
        assert part.read(9) == bytes([18, 19])
        assert part.seek(1) == 1
        assert part.seek(2, io.SEEK_CUR) == part.tell() == 3
