"""Page of a judging: one HTML file with scores, controls and the clips of all systems side by side.

Opens from a disk, without a server and without anything from elsewhere; clips are found by paths relative to the page.
Knows the template's place; figures are the report's business.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast
from urllib.parse import quote

from livetalk.evaluation.dialogue.scenarios import Dimension
from livetalk.evaluation.dialogue.scoring import report
from livetalk.evaluation.dialogue.scoring.results import JudgedDialogue, JudgedTurn, Judging

TEMPLATE = Path(__file__).parents[3] / "assets" / "report" / "dialogue.html"
PLACE = "{/* the judging */}"


def page(judging: Judging, folder: Path) -> str:
    """The page, to be written into a folder."""
    seen = replace(judging, dialogues=tuple(_relative(one, folder) for one in judging.dialogues))
    held = cast("Mapping[str, object]", json.loads(report.as_json(seen)))
    dimensions = [
        {"key": one.value, "name": one.value.replace("_", " "), "short": one.abbreviation, "group": one.group.value}
        for one in Dimension
    ]
    told = {"dimensions": dimensions, "judge": report.judge_sentence(judging), "unmeasured": report.unmeasured(judging)}
    data = json.dumps({**held, **told}, ensure_ascii=False).replace("<", "\\u003c")  # it must not end the script
    return TEMPLATE.read_text(encoding="utf-8").replace(PLACE, data)


def _relative(dialogue: JudgedDialogue, folder: Path) -> JudgedDialogue:
    return replace(dialogue, turns=tuple(_turn(turn, folder) for turn in dialogue.turns))


def _turn(turn: JudgedTurn, folder: Path) -> JudgedTurn:
    if turn.video is None:
        return turn
    path = os.path.relpath(Path(turn.video).resolve(), folder.resolve())
    return replace(turn, video=quote(Path(path).as_posix()))
