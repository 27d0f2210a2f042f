"""Rooms of measures are asked with their own options, and tell of all their steps."""

from dataclasses import replace
from pathlib import Path

import pytest

from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.table.rooms import RoomOptions
from tests.helpers.tables import write_film


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::livetalk.runtime.process.Notice")
def test_each_room_measures_and_tells_its_steps(tmp_path: Path) -> None:
    clips = [ClipFile(name, write_film(tmp_path / f"{name}.mp4", 2.2)) for name in ("a", "b")]
    for room in RoomOptions().rooms():
        told: list[int] = []
        assert room.measure(clips, clips, told.append)
        assert sum(told) == room.steps(clips)


def test_figures_are_kept_by_their_options() -> None:
    options = RoomOptions()
    other = replace(options, fidelity=replace(options.fidelity, frame_rate=25))
    assert options.rooms()[0].key != other.rooms()[0].key
    assert options.rooms()[0].key == RoomOptions().rooms()[0].key
