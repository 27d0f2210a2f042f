"""Any command makes clips: what it is given, and what happens when it fails."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.clip_maker import ClipFailed, ClipRequest
from livetalk.evaluation.dialogue.command_clips import CommandClips
from livetalk.evaluation.dialogue.systems import SystemUnavailable
from tests.helpers.clip_services import film


def made(folder: Path, template: str, limit: float = 20.0, prompt: str = "say 'x'") -> Path:
    order = ClipRequest(
        prompt, folder / "a b.png", folder / "l.png", folder / "s.wav", folder / "t.txt", folder / "o.mp4"
    )

    async def run() -> None:
        maker = CommandClips(template, limit)
        maker.check()
        await maker.finish(await maker.begin(order), order)

    asyncio.run(run())
    return order.out


def test_a_command_is_given_the_parts_of_an_order(tmp_path: Path) -> None:
    clip = film(tmp_path / "clip.mp4")
    script = tmp_path / "make it.py"
    script.write_text(
        "import shutil, sys, pathlib\n"
        f"shutil.copy({str(clip)!r}, sys.argv[1])\n"
        "pathlib.Path(sys.argv[1]).with_suffix('.txt').write_text('|'.join(sys.argv[2:]))\n"
    )
    template = (
        f"{sys.executable} '{script}' {{out}} {{portrait}} --last={{last_frame}} {{speech}} {{transcript}} {{prompt}}"
    )
    out = made(tmp_path, template)
    assert out.read_bytes() == clip.read_bytes()
    given = out.with_suffix(".txt").read_text().replace(f"{tmp_path}/", "").split("|")
    assert given == ["a b.png", "--last=l.png", "s.wav", "t.txt", "say 'x'"]


def test_a_command_that_fails_says_its_last_word(tmp_path: Path) -> None:
    with pytest.raises(ClipFailed, match="the command ended with 3: no memory"):
        made(tmp_path, f"{sys.executable} -c \"import sys; print('no memory', file=sys.stderr); sys.exit(3)\" {{out}}")
    with pytest.raises(ClipFailed, match="wrote no video that can be read"):
        made(tmp_path, "true {out}")


def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ClipFailed, match=r"not done after 0\.3 s"):
        made(tmp_path, "sh -c 'sleep 20 & sleep 20' {out}", 0.3)
    assert time.monotonic() - began < 5


def test_mistakes_in_a_template_are_told(tmp_path: Path) -> None:
    for template in ("", "make", "make {out} {sound}", "make {out} 'x", "make {out"):
        with pytest.raises(ValueError, match="is no command"):
            CommandClips(template)
    with pytest.raises(SystemUnavailable, match="'no-such-program' is not found"):
        made(tmp_path, "no-such-program {out}")
