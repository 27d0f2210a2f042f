"""Recordings on disk: both sounds on one clock, a face however long, and one sentence for what cannot be measured."""

import json
from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.dialogue.records import DialogueRecord, TurnRecord, write_record
from livetalk.evaluation.metrics.landmarks import FaceTrack
from livetalk.evaluation.turn_taking import recording
from livetalk.evaluation.turn_taking.recording import face_of, find_recordings, talk_of
from livetalk.media.wav import write_wav
from tests.evaluation.turn_taking.made_up import VISITOR as VISITOR_VOICE
from tests.evaluation.turn_taking.made_up import face, record, sound

VISITOR, AVATAR, SECONDS = [(0.5, 1.5)], [(2.5, 1.2)], 4.0


@pytest.fixture
def held(tmp_path: Path) -> Path:
    return record(tmp_path, "short", VISITOR, AVATAR, SECONDS)


def test_both_sides_are_heard_where_they_spoke(held: Path) -> None:
    (found,) = find_recordings([held.parents[2]])
    heard = talk_of(found)
    assert heard.seconds == pytest.approx(SECONDS, abs=0.1)
    assert heard.visitor[0].begin == pytest.approx(0.5, abs=0.05)
    assert heard.avatar[0].begin == pytest.approx(2.5, abs=0.05)


def test_what_the_record_claims_of_the_avatar_is_not_believed(held: Path) -> None:
    told = json.loads(held.read_text())
    told["events"] += [{"time_s": 1.6, "event": "answer_began"}, {"time_s": 1.6, "event": "speaking"}]
    told["turns"][0]["latency_s"] = 0.1
    held.write_text(json.dumps(told))
    (found,) = find_recordings([held.parents[2]])
    assert talk_of(found).avatar[0].begin == pytest.approx(2.5, abs=0.05)


def test_a_face_is_measured_group_by_group(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def tracked(frames: np.ndarray) -> FaceTrack:
        sizes.append(len(frames))
        return face(len(frames) / 16, gap=float(len(sizes)))

    monkeypatch.setattr(recording, "track", tracked)
    monkeypatch.setattr(recording, "AT_ONCE", 30)
    (found,) = find_recordings([held.parents[2]])
    whole = face_of(found)
    assert sizes == [30, 30, 4]
    assert list(np.unique(whole.gap)) == [1, 2, 3]
    assert whole.blendshapes.shape == (64, 52)
    assert len(whole.names) == 52


def test_systems_that_make_clips_are_left_out(held: Path) -> None:
    out = held.parents[2]
    clips = DialogueRecord("short", "clips", "test", (TurnRecord("Hello.", "en"),))
    alone = write_record(out / "apart", clips).parent
    assert len(find_recordings([out])) == 1
    with pytest.raises(ValueError, match="none of 1 dialogues was held live"):
        find_recordings([alone])


def test_mistakes_are_told_with_what_to_do(held: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    copy = tmp_path / "copy" / "made_up"
    copy.mkdir(parents=True)
    held.parent.rename(copy / "short")
    with pytest.raises(ValueError, match="is not a folder"):
        find_recordings([tmp_path / "missing"])
    with pytest.raises(ValueError, match="holds no dialogue"):
        find_recordings([tmp_path / "empty"])
    assert len(find_recordings([copy, copy.parent])) == 1
    record(tmp_path / "again", "short", VISITOR, AVATAR, SECONDS)
    with pytest.raises(ValueError, match="dialogue short: give one of them"):
        find_recordings([copy, tmp_path / "again"])


def test_marks_of_all_turns_are_needed(held: Path) -> None:
    held.write_text(json.dumps({**json.loads(held.read_text()), "events": []}))
    (found,) = find_recordings([held.parents[2]])
    with pytest.raises(ValueError, match="marks 0 of 1 turns"):
        talk_of(found)


def test_a_session_that_is_cut_short_is_told(held: Path) -> None:
    write_wav(held.parent / "visitor.wav", sound(VISITOR_VOICE, VISITOR, SECONDS + 1))
    (found,) = find_recordings([held.parents[2]])
    with pytest.raises(ValueError, match=r"visitor\.wav differ by .* s: hold the dialogue again"):
        talk_of(found)
