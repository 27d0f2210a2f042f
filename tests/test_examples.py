"""Examples: each is run as a user would run it, and stays short enough to be read at a glance."""

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType

import av
import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
ASSETS = ROOT / "livetalk/assets"


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / f"examples/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short_and_listed(path: Path):
    text = path.read_text()
    assert text.startswith('"""')
    assert len(text.splitlines()) < 60
    assert f"({path.name})" in (ROOT / "examples/README.md").read_text()


@pytest.mark.slow
def test_offline_example_writes_a_video(tmp_path: Path):
    out = tmp_path / "talking.mp4"
    frames = _load("offline").main(str(ASSETS / "avatars/ada.jpg"), str(ASSETS / "speech/hello.ogg"), str(out))
    with av.open(str(out)) as video:
        assert video.streams.video[0].frames == frames
        assert video.streams.audio
        assert video.metadata["comment"].startswith("AI-generated")


@pytest.mark.slow
def test_live_session_example_is_interrupted():
    shown = _load("live_session").main(interrupt_after=0.5)
    cuts = [place for place, item in enumerate(shown) if not hasattr(item, "frames")]
    assert len(cuts) == 1
    after = shown[cuts[0] + 1 :]
    assert after
    assert not any(item.audio.any() for item in after), "silence behind the interrupt"


def test_pipecat_bot_example_shows_sixteen_pictures_a_second():
    assert 8 <= asyncio.run(_load("pipecat_bot").main(seconds=1.0)) <= 24


def test_custom_brain_example_answers():
    answer = asyncio.run(_load("custom_brain").ask("Who are you?"))
    assert answer[0].text == "Who are you?"
    assert sum(len(part.audio) for part in answer if hasattr(part, "audio")) > 16_000
