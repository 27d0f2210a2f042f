"""A finished clip is finished: the file that keeps it survives being stopped at any moment."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.photos.log import Key, MeasurementLog, Seen
from tests.evaluation.photos.made_up import K, seen

KEY = Key("model 1", "a.jpg", "calm", "en_x@0.00")


def test_measures_come_back_as_they_were(tmp_path: Path) -> None:
    distances = np.r_[np.full(K - 1, 0.25), np.nan]
    kept = seen(distances=distances, person=KEY.photo)
    MeasurementLog(tmp_path / "log.jsonl").add(KEY, kept)
    found = MeasurementLog(tmp_path / "log.jsonl").seen(KEY)
    for field in fields(Seen):
        one, other = getattr(kept, field.name), getattr(found, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            assert np.allclose(one, other, atol=1e-4, equal_nan=True), field.name
        else:
            assert one == other, field.name


def test_clips_of_several_makers_lie_side_by_side_and_people_too(tmp_path: Path) -> None:
    log = MeasurementLog(tmp_path / "log.jsonl")
    log.add(KEY, seen(lip_r=0.5))
    log.add(Key("model 2", *list(vars(KEY).values())[1:]), seen(lip_r=0.7))
    log.add(Key("person", "a.jpg"), np.ones((1, 128)))
    log.add(Key("person", "b.jpg"), np.zeros((0, 128)))
    again = MeasurementLog(tmp_path / "log.jsonl")
    assert again.seen(KEY).lip_r == 0.5
    assert again.person(Key("person", "a.jpg")).shape == (1, 128)
    assert again.person(Key("person", "b.jpg")).shape == (0, 128)
    assert Key("model 3", "a.jpg") not in again


def test_the_line_in_which_a_run_was_stopped_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    MeasurementLog(path).add(KEY, seen())
    whole = path.read_text()
    path.write_text(whole + whole[: len(whole) // 2])
    log = MeasurementLog(path)
    assert KEY in log
    other = Key("model 1", "b.jpg", "calm", "en_x@0.00")
    log.add(other, seen())
    assert other in MeasurementLog(path)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text('{"something": "else"}\n')
    with pytest.raises(ValueError, match="not a log of photographs"):
        MeasurementLog(path)


def test_without_a_file_it_is_kept_in_memory() -> None:
    log = MeasurementLog()
    log.add(KEY, seen())
    assert KEY in log
