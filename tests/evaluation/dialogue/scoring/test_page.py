"""The page is one file that asks nobody for anything, finds clips beside it, and shows what the report says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.scoring.page import page
from livetalk.evaluation.dialogue.scoring.results import JudgedTurn, Judging
from tests.helpers import judged
from tests.helpers.browser import chromium


def _judging(video: Path) -> Judging:
    judging = judged.judging({"ours": (5, 4), "theirs": (2, 3)})
    turn = JudgedTurn("Say </script><b>now</b>", "I said it.", str(video), 0.75, None)
    return replace(judging, dialogues=tuple(replace(one, turns=(turn,)) for one in judging.dialogues), unmeasured={})


def test_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    text = page(_judging(tmp_path / "held" / "a b.mp4"), tmp_path / "judged")
    assert not re.findall(r"https?://(?!www\.w3\.org)", text)
    assert '"../held/a%20b.mp4"' in text
    assert str(tmp_path) not in text
    assert text.count("</script>") == 1, "what a visitor says does not end the script"


@pytest.mark.slow
def test_it_opens_from_a_disk(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    judged.clip(16).write(tmp_path / "a b.mp4")
    (tmp_path / "judged").mkdir()
    path = tmp_path / "judged" / "report.html"
    path.write_text(page(_judging(tmp_path / "a b.mp4"), path.parent))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        shown, mistakes = browser.new_page(), []
        shown.on("pageerror", lambda error: mistakes.append(str(error)))
        shown.goto(path.as_uri())
        assert shown.locator("#systems tbody tr").count() == 2
        assert shown.locator("#dialogue video").count() == 2
        assert shown.locator("q").inner_text() == "Say </script><b>now</b>"
        shown.wait_for_function("document.querySelector('video').videoWidth === 64")
        before = shown.locator("#systems").inner_text()
        shown.get_by_role("button", name="Raw levels").click()
        assert shown.locator("#systems").inner_text() != before
        shown.locator("#after").click()
        assert shown.locator("#which").input_value() == "scenario_1"
        shown.locator("summary").first.click()
        assert "because" in shown.locator(".reasons").first.inner_text()
        browser.close()
    assert not mistakes
