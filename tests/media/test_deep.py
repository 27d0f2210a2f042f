"""Pictures of more than eight bits a sample look like those of eight."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from livetalk.media.deep import as_bytes
from livetalk.media.pictures import Bounds, open_picture, read_picture


@pytest.fixture(scope="module")
def colours() -> np.ndarray:
    y, x = np.mgrid[:40, :51]
    return np.stack([x * 5, y * 6, 250 - x - y], -1).astype(np.uint8)


def tiff(samples: np.ndarray, **facts: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, samples, **({"photometric": "rgb"} if samples.ndim == 3 else {}) | facts)
    return file.getvalue()


def packed(samples: np.ndarray) -> np.ndarray:
    """Rows of 12 bit samples, two in three bytes."""
    rows = samples.reshape(len(samples), -1)
    rows = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))
    first, second = rows[:, ::2].astype(np.uint16), rows[:, 1::2].astype(np.uint16)
    parts = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], -1)
    return parts.reshape(len(rows), -1)[:, : -(-samples[0].size * 12 // 8)].astype(np.uint8)


def twelve_bits(samples: np.ndarray) -> bytes:
    """A TIFF of 12 bits a sample, which few programs write: one strip, its tags by hand."""
    height, width, channels = samples.shape if samples.ndim == 3 else (*samples.shape, 1)
    data, start = packed(samples).tobytes(), 8
    sizes = start + len(data) + len(data) % 2
    tags = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, channels, 12 if channels == 1 else sizes), (259, 3, 1, 1),
        (262, 3, 1, 2 if channels == 3 else 1), (273, 4, 1, start), (277, 3, 1, channels), (278, 3, 1, height),
        (279, 4, 1, len(data)),
    ]  # fmt: skip
    table = np.array([12] * channels, "<u2").tobytes().ljust(8, b"\0")
    entries = b"".join(
        np.array([tag, kind], "<u2").tobytes() + np.array([count, value], "<u4").tobytes()
        for tag, kind, count, value in tags
    )
    head = b"II*\0" + np.array([sizes + len(table)], "<u4").tobytes()
    return head + data + bytes(len(data) % 2) + table + np.array([len(tags)], "<u2").tobytes() + entries + bytes(4)


WAYS = {
    "16 bits": lambda x: tiff(x.astype(np.uint16) * 257),
    "12 of 16 bits": lambda x: tiff(x.astype(np.uint16) * 16 + 8),
    "32 bits": lambda x: tiff(x.astype(np.uint32) * 16843009),
    "bytes in 32 bits": lambda x: tiff(x.astype(np.int32)),
    "12 bits, packed": lambda x: twelve_bits(x.astype(np.uint16) * 16 + 8),
    "floats of 32 bits": lambda x: tiff((x / 255).astype(np.float32)),
    "floats of 16 bits": lambda x: tiff((x / 255).astype(np.float16)),
    "floats of 64 bits": lambda x: tiff(x / 255),
    "floats up to 255": lambda x: tiff(x.astype(np.float32)),
    "floats up to 65535": lambda x: tiff(x.astype(np.float32) * 257),
    "big-endian floats": lambda x: tiff((x / 255).astype(np.float32), byteorder=">"),
    "deflated floats": lambda x: tiff((x / 255).astype(np.float32), compression="zlib"),
    "tiles": lambda x: tiff(x.astype(np.uint16) * 257, tile=(16, 16)),
    "BigTIFF": lambda x: tiff(x.astype(np.uint16) * 257, bigtiff=True),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("grey", [False, True])
def test_a_deep_tiff_looks_like_one_of_bytes(colours: np.ndarray, tmp_path: Path, way: str, grey: bool):
    samples = colours[..., 0] if grey else colours
    path = tmp_path / "deep.tif"
    path.write_bytes(WAYS[way](samples))
    expected = np.repeat(samples[..., None], 3, 2) if grey else samples
    assert np.abs(open_picture(path).astype(int) - expected).max() <= 1


def test_planes_white_as_zero_and_transparency(colours: np.ndarray, tmp_path: Path):
    planes = tiff(np.moveaxis(colours, 2, 0).astype(np.uint16) * 257, planarconfig="separate")
    white = tiff(65535 - colours[..., 1].astype(np.uint16) * 257, photometric="miniswhite")
    alpha = np.dstack([colours, np.full(colours.shape[:2], 0, np.uint8)]).astype(np.uint16) * 257
    alpha[:, :20, 3] = 65535
    clear = tiff(alpha, extrasamples=["unassalpha"])
    assert np.array_equal(read_picture(io.BytesIO(planes)), colours)
    assert np.array_equal(read_picture(io.BytesIO(white))[..., 0], colours[..., 1])
    shown = read_picture(io.BytesIO(clear))
    assert np.array_equal(shown[:, :20], colours[:, :20])
    assert (shown[:, 20:] == 128).all()


def test_a_scan_is_turned_as_its_tag_says(colours: np.ndarray):
    data = tiff(np.rot90(colours).astype(np.uint16) * 257, extratags=[(274, 3, 1, 6, True)])
    assert np.array_equal(read_picture(io.BytesIO(data)), colours)


def test_sixteen_bit_grey_of_any_format_keeps_its_contrast(colours: np.ndarray):
    for scale in (257, 16):
        file = io.BytesIO()
        Image.fromarray(colours[..., 0].astype(np.uint16) * scale).save(file, "PNG")
        file.seek(0)
        assert np.abs(read_picture(file)[..., 0].astype(int) - colours[..., 0]).max() <= 1


def test_what_is_no_number_is_black_and_what_overshoots_is_white():
    floats = np.array([[np.nan, np.inf, -0.5, 0.0, 0.5, 1.0, 1.15]], np.float32)
    assert as_bytes(floats).tolist() == [[0, 0, 0, 0, 128, 255, 255]]
    assert as_bytes(np.zeros((2, 2), np.float64)).max() == 0


def test_a_huge_or_a_damaged_one_is_one_sentence(colours: np.ndarray):
    data = tiff(colours.astype(np.float32))
    with pytest.raises(ValueError, match="too many pixels"):
        read_picture(io.BytesIO(data), bounds=Bounds(most_pixels=1000))
    with pytest.raises(ValueError, match=r"the picture (is damaged|cannot be understood)"):
        read_picture(io.BytesIO(data[: len(data) // 2]))
