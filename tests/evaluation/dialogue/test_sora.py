"""Sora's API as a server on loopback speaks it: orders, jobs, refusals, rate limits, broken downloads, retirement."""

from pathlib import Path

import numpy as np
import pytest

from livetalk.evaluation.dialogue.api_calls import Waits
from livetalk.evaluation.dialogue.clip_maker import ClipFailed, JobLost
from livetalk.evaluation.dialogue.prices import PRICES
from livetalk.evaluation.dialogue.sora import SoraClips, SoraOptions
from livetalk.evaluation.dialogue.systems import SystemUnavailable
from livetalk.media.video import read_frames
from tests.helpers.clip_services import HASTY, KEY, QUICK, ClipService, film, made


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return film(tmp_path_factory.mktemp("clip") / "x.mp4").read_bytes()


def sora(url: str, key: str = KEY, waits: Waits = QUICK) -> SoraClips:
    return SoraClips(SoraOptions("sora-2", PRICES["sora-2"], url, key, waits))


def test_a_clip_is_ordered_waited_for_and_downloaded(tmp_path: Path, clip: bytes) -> None:
    service = ClipService(clip, looks=3)
    out = made(tmp_path, service, sora)
    assert out.read_bytes() == clip
    assert (service.orders[0]["model"], service.orders[0]["prompt"]) == ("sora-2", "say hello")
    picture = service.orders[0]["picture"]
    assert picture.shape == (1280, 720, 3), "the square portrait lies on a canvas of the size that the API wants"
    assert np.abs(picture.astype(int) - [200, 10, 10]).max() < 3, "in the colour of its border"
    assert sora("x").price == pytest.approx(0.8)
    assert sora("x").pricing == "0.1 a second, 2025-10"


@pytest.mark.parametrize("wait", ["0.05", "Mon, 30 Nov 2020 08:00:00 GMT"])
def test_a_rate_limit_is_waited_for(tmp_path: Path, clip: bytes, wait: str) -> None:
    busy = (429, {"error": {"message": "Rate limit", "code": "rate_limit_exceeded"}}, {"Retry-After": wait})
    service = ClipService(clip, refusals=[busy] * 6)
    assert made(tmp_path, service, sora).is_file()


def test_a_limit_that_lasts_too_long_and_a_used_up_quota_are_told(tmp_path: Path, clip: bytes) -> None:
    busy = (429, {"error": {"message": "Rate limit"}}, {"Retry-After": "3600"})
    with pytest.raises(SystemUnavailable, match="limits the rate of calls: run this again later"):
        made(tmp_path, ClipService(clip, refusals=[busy]), sora)
    spent = (429, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}, {})
    with pytest.raises(SystemUnavailable, match="quota is used up"):
        made(tmp_path, ClipService(clip, refusals=[spent]), sora)


def test_a_server_in_trouble_is_asked_again_and_then_given_up(tmp_path: Path, clip: bytes) -> None:
    trouble = (503, {"error": {"message": "Overloaded."}}, {})
    assert made(tmp_path, ClipService(clip, refusals=[trouble] * 2), sora).is_file()
    with pytest.raises(SystemUnavailable, match="answers 503, Overloaded: run this again later"):
        made(tmp_path, ClipService(clip, refusals=[trouble] * 9), sora)


def test_what_the_rules_forbid_fails_the_turn(tmp_path: Path, clip: bytes) -> None:
    blocked = {"message": "Your request was blocked by our moderation system.", "code": "moderation_blocked"}
    with pytest.raises(ClipFailed, match="refused: Your request was blocked"):
        made(tmp_path, ClipService(clip, refusals=[(400, {"error": blocked}, {})]), sora)
    with pytest.raises(ClipFailed, match="refused: Your request was blocked"):
        made(tmp_path, ClipService(clip, ends={1: blocked}), sora)


def test_a_job_that_fails_or_never_ends_fails_the_turn(tmp_path: Path, clip: bytes) -> None:
    with pytest.raises(ClipFailed, match="the job failed: the renderer broke"):
        made(tmp_path, ClipService(clip, ends={1: {"message": "the renderer broke", "code": "server_error"}}), sora)
    with pytest.raises(ClipFailed, match=r"not done after 0\.2 s"):
        made(tmp_path, ClipService(clip, looks=10**6), lambda url: sora(url, waits=HASTY))
    with pytest.raises(JobLost, match="not known any more"):
        made(tmp_path, ClipService(clip, forgets=True), sora)


def test_a_download_that_breaks_off_is_begun_again(tmp_path: Path, clip: bytes) -> None:
    assert made(tmp_path, ClipService(clip, broken=2), sora).read_bytes() == clip
    with pytest.raises(ClipFailed, match="could not be downloaded whole in 3 tries"):
        made(tmp_path / "..", ClipService(clip, broken=3), sora)
    with pytest.raises(ClipFailed, match="could not be downloaded whole"):
        made(tmp_path, ClipService(clip[:200]), sora)
    assert len(list(read_frames(tmp_path / "clip.mp4"))) == 24, "what was there stays"
    assert not list(tmp_path.glob(".*part"))


def test_what_a_person_must_mend_is_told(tmp_path: Path, clip: bytes) -> None:
    with pytest.raises(SystemUnavailable, match=r"refuses the key .401.: set OPENAI_API_KEY"):
        made(tmp_path, ClipService(clip), lambda url: sora(url, "wrong"))
    with pytest.raises(SystemUnavailable, match=r"announced to end on 24 September 2026: name a service"):
        made(tmp_path, ClipService(clip, refusals=[(404, {"error": {"message": "no such model"}}, {})]), sora)
    with pytest.raises(SystemUnavailable, match="Sora refuses the order: seconds must be"):
        made(tmp_path, ClipService(clip, refusals=[(400, {"error": {"message": "seconds must be 4"}}, {})]), sora)
    with pytest.raises(SystemUnavailable, match=r"cannot be reached at http://127.0.0.1:9"):
        made(tmp_path, ClipService(clip), lambda url: sora("http://127.0.0.1:9"))


def test_openais_key_is_for_openai_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVETALK_SORA_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert SoraOptions.of_environment("sora-2", PRICES["sora-2"]).key == KEY
    monkeypatch.setenv("LIVETALK_SORA_URL", "https://example.org/v1")
    elsewhere = SoraOptions.of_environment("sora-2", PRICES["sora-2"])
    assert elsewhere.key is None
    with pytest.raises(SystemUnavailable, match=r"there is no key for https://example.org/v1: set"):
        SoraClips(elsewhere).check()
    assert KEY not in repr(SoraOptions(key=KEY))
