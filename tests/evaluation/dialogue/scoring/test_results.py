"""A judging is read as it was written; what is damaged or of another kind is told in a sentence."""

from dataclasses import replace
from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.scoring.results import (
    NAME,
    AblationEffect,
    CheckedStatement,
    ComparedSystems,
    FaultEffect,
    read_judging,
    write_judging,
)
from livetalk.evaluation.estimates import Estimate
from tests.helpers import judged


def test_everything_comes_back(tmp_path: Path) -> None:
    judging = judged.judging({"ours": (5, 4), "theirs": (2, 3)})
    statement = CheckedStatement(0, "must", "It does this: hello", None, "no visitor")
    judging = replace(
        judging,
        dialogues=(replace(judging.dialogues[0], checklist=(statement,)), *judging.dialogues[1:]),
        faults=(FaultEffect("shifted_lips", "semantic_relevance", "untouched", Estimate(0.1, -0.1, 0.3, 8), False),),
        ablation=(AblationEffect("semantic_relevance", "frames", Estimate(3, 2, 4, 8), True, True),),
        pairs=(ComparedSystems("semantic_relevance", "ours", "theirs", 2, 0, 1, 1, 0),),
        unmeasured={"overall_experience": "its fault was not tried"},
    )
    write_judging(tmp_path, judging)
    assert read_judging(tmp_path) == judging
    assert list(tmp_path.iterdir()) == [tmp_path / NAME], "nothing is left beside it"


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no judging\.json: judge some dialogues"):
        read_judging(tmp_path)
    for text in ("{", "[]", '{"schema": 0}', '{"schema": 1}', '{"schema": 1, "judge": 3, "dialogues": []}'):
        (tmp_path / NAME).write_text(text)
        with pytest.raises(ValueError, match="is no judging of this version"):
            read_judging(tmp_path)


def test_a_mean_of_fewer_repeats_is_none() -> None:
    row = judged.judging({"ours": (4,)}).dialogues[0].scores[0]
    assert row.mean == 4
    assert replace(row, scores=(4.0, None)).mean is None
