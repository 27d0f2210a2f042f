"""Veo's two APIs as a server on loopback speaks them: operations, filters, rate limits, and keys that stay at home."""

from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.api_calls import Waits
from livetalk.evaluation.dialogue.clip_maker import ClipFailed, JobLost
from livetalk.evaluation.dialogue.prices import PRICES
from livetalk.evaluation.dialogue.systems import SystemUnavailable
from livetalk.evaluation.dialogue.veo import VeoClips, VeoOptions
from tests.helpers.clip_services import HASTY, KEY, QUICK, ClipService, film, made

PRICE = PRICES["veo-3.1-generate-preview"]
FILTERED = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["We do not make this person speak."]}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return film(tmp_path_factory.mktemp("clip") / "x.mp4").read_bytes()


def gemini(url: str, key: str = KEY, waits: Waits = QUICK) -> VeoClips:
    return VeoClips(VeoOptions("veo-3.1-generate-preview", PRICE, url, key, waits))


def cloud(url: str, key: str = KEY, waits: Waits = QUICK) -> VeoClips:
    address = f"{url}/v1/projects/p/locations/l/publishers/google"
    return VeoClips(VeoOptions("veo-3.1-generate-001", PRICE, address, key, waits))


@pytest.mark.parametrize("maker", [gemini, cloud])
def test_a_clip_is_ordered_waited_for_and_kept(tmp_path: Path, clip: bytes, maker: type) -> None:
    service = ClipService(clip, looks=3)
    assert made(tmp_path, service, maker, orders=2).read_bytes() == clip
    assert [each["prompt"] for each in service.orders] == ["say hello"] * 2
    assert service.orders[0]["picture"].shape == (1280, 720, 3)
    assert ("generateAudio" in service.orders[0]["parameters"]) == (maker is cloud)
    assert maker("x").price == pytest.approx(3.2)
    assert ("Google Cloud" in maker("x").machine) == (maker is cloud)


@pytest.mark.parametrize("maker", [gemini, cloud])
def test_what_is_filtered_forbidden_or_fails_fails_the_turn(tmp_path: Path, clip: bytes, maker: type) -> None:
    with pytest.raises(ClipFailed, match="refused: We do not make this person speak"):
        made(tmp_path, ClipService(clip, ends={1: FILTERED}), maker)
    with pytest.raises(ClipFailed, match=r"refused: .*Responsible AI"):
        words = "The input image violates Google's Responsible AI practices."
        made(tmp_path, ClipService(clip, ends={1: {"code": 3, "message": words}}), maker)
    with pytest.raises(ClipFailed, match="the job failed: internal"):
        made(tmp_path, ClipService(clip, ends={1: {"code": 13, "message": "internal"}}), maker)
    with pytest.raises(ClipFailed, match=r"not done after 0\.2 s"):
        made(tmp_path, ClipService(clip, looks=10**6), lambda url: maker(url, waits=HASTY))
    with pytest.raises(JobLost):
        made(tmp_path, ClipService(clip, forgets=True), maker)


def test_googles_way_to_ask_for_patience_is_understood(tmp_path: Path, clip: bytes) -> None:
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.05s"}
    busy = (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [detail]}}, {})
    assert made(tmp_path, ClipService(clip, refusals=[busy] * 4), gemini).is_file()


def test_a_key_does_not_leave_the_services_host(tmp_path: Path, clip: bytes) -> None:
    service = ClipService(clip, away=True)
    assert made(tmp_path, service, gemini).read_bytes() == clip
    assert service.keys_elsewhere == ["none"]


def test_a_broken_clip_fails_the_turn(tmp_path: Path, clip: bytes) -> None:
    assert made(tmp_path, ClipService(clip, broken=2), gemini).read_bytes() == clip
    with pytest.raises(ClipFailed, match="the clip in the answer cannot be read"):
        made(tmp_path, ClipService(clip[:99]), cloud)


def test_what_a_person_must_mend_is_told(tmp_path: Path, clip: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemUnavailable, match=r"refuses the key .403.: set GEMINI_API_KEY"):
        made(tmp_path, ClipService(clip), lambda url: gemini(url, "wrong"))
    gone = (404, {"error": {"code": 404, "message": "is no longer available"}}, {})
    with pytest.raises(SystemUnavailable, match="may have been retired: name another with veo:MODEL"):
        made(tmp_path, ClipService(clip, refusals=[gone]), gemini)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    with pytest.raises(SystemUnavailable, match="there is no key"):
        VeoClips(VeoOptions.of_environment("veo-3.1-generate-preview", PRICE)).check()
