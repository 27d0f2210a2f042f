"""Words of --systems name systems, or what can be given is told."""

import pytest

from livetalk.evaluation.dialogue.choice import SystemOptions, make_system
from livetalk.evaluation.dialogue.prices import given_prices
from tests.helpers.dialogues import scenario, turn


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("ours", "ours"),
        ("omni@http://gpu:8080/", "omni"),
        ("veo", "veo-3.1-generate-preview"),
        ("veo:veo-3.1-fast-generate-preview", "veo-3.1-fast-generate-preview"),
        ("sora", "sora-2"),
        ("command:mine=make {out} --at http://x=y", "mine"),
    ],
)
def test_words_name_systems(word: str, name: str) -> None:
    assert make_system(word, SystemOptions()).name == name


def test_google_cloud_has_models_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "LIVETALK_VEO_URL", "https://l-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google"
    )
    assert make_system("veo", SystemOptions()).name == "veo-3.1-generate-001"


def test_a_given_price_is_taken() -> None:
    system = make_system("sora:sora-3", SystemOptions(prices=given_prices(["sora-3=1"])))
    assert system.forecast(scenario(turn("One."))).price == 8.0
    with pytest.raises(ValueError, match="price of sora-3 is not known"):
        make_system("sora:sora-3", SystemOptions())


@pytest.mark.parametrize(
    "word", ["", "theirs", "@http://x", "a/b@http://x", "x@ftp://x", "mine=make {out}", "command:../x=make {out}"]
)
def test_what_is_none_is_told(word: str) -> None:
    with pytest.raises(ValueError, match="is no system: give ours"):
        make_system(word, SystemOptions())
