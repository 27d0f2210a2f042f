"""The sheet shows loud moments of each case, and says where there is nothing to show."""

from pathlib import Path

import numpy as np
from PIL import Image

from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.table.picture import (
    FOOT,
    GAP,
    GROUP,
    HEAD,
    HOLLOW,
    MARGIN,
    MOMENTS,
    SIDE,
    TILE,
    SheetRow,
    loud_moments,
    sheet,
    write_sheet,
)
from tests.helpers.tables import a_case, write_film


def test_moments_are_loud_and_all_over_the_clip() -> None:
    sound = np.zeros(3 * 16_000, np.float32)
    for second in (0.5, 1.25, 2.75):
        sound[round(second * 16_000) :][:200] = 1.0
    assert np.allclose(loud_moments(sound), [0.5, 1.25, 2.75], atol=0.1)
    assert len(loud_moments(np.zeros(100, np.float32))) == 1


def test_rows_are_systems_and_a_missing_clip_says_so(tmp_path: Path) -> None:
    cases = [a_case(tmp_path, f"made_up/{name}") for name in ("one", "two")]
    film = ClipFile("one", write_film(tmp_path / "film.mp4", 1.0))
    rows = [SheetRow("student", (film, None)), SheetRow("truth", (film, film))]
    picture = sheet("Made up", cases, rows, "a note")
    group = MOMENTS * (TILE + GAP) - GAP
    assert picture.shape == (HEAD + 2 * (TILE + GAP) - GAP + FOOT, 2 * MARGIN + SIDE + 2 * (group + GROUP) - GROUP, 3)
    left = MARGIN + SIDE + group + GROUP
    assert tuple(picture[HEAD + 5, left + 5]) == HOLLOW
    tile = picture[HEAD + TILE + GAP :][:TILE, left:][:, :TILE]
    assert tile.std() < 2  # a grey film


def test_a_sheet_fits_in_its_bytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    write_sheet(tmp_path / "sheet.webp", noise, most=40_000)
    assert (tmp_path / "sheet.webp").stat().st_size <= 40_000
    with Image.open(tmp_path / "sheet.webp") as image:
        assert image.size == (300, 300)
