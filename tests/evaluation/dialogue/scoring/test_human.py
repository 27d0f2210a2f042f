"""People's ratings are read line by line; the judge is held to their mean, they to one another."""

from pathlib import Path

import pytest

from livetalk.evaluation.dialogue.scoring import report
from livetalk.evaluation.dialogue.scoring.human import human_agreement, read_ratings
from tests.helpers import judged

HEAD = "rater,system,scenario,dimension,level\n"
JUDGING = judged.judging({"ours": (1, 2, 3, 4, 5)})


def _file(folder: Path, text: str) -> Path:
    path = folder / "ratings.csv"
    path.write_text(text)
    return path


def _ratings(folder: Path, levels: dict[str, tuple[int, ...]], dimension: str = "semantic_relevance") -> Path:
    rows = [
        f"{rater},ours,scenario_{i},{dimension},{level}\n"
        for rater, row in levels.items()
        for i, level in enumerate(row)
    ]
    return _file(folder, HEAD + "".join(rows))


def test_people_who_agree_with_the_judge(tmp_path: Path) -> None:
    levels = {"ann": (1, 2, 3, 4, 5), "bob": (1, 2, 3, 4, 5), "cleo": (1, 2, 3, 5, 4)}
    (found,) = human_agreement(JUDGING, read_ratings(_ratings(tmp_path, levels)))
    assert (found.dimension, found.raters, found.judge_r.n) == ("semantic_relevance", 3, 5)
    assert found.judge_r.value == pytest.approx(1)
    assert 0.8 < found.alpha < 1
    assert "| semantic relevance | 3 | 5 | 0.9" in report.markdown(JUDGING, [found])
    assert '"judge_r"' in report.as_json(JUDGING, [found])


def test_people_who_see_it_the_other_way_round(tmp_path: Path) -> None:
    levels = dict.fromkeys(("ann", "bob", "cleo"), (5, 4, 3, 2, 1))
    (found,) = human_agreement(JUDGING, read_ratings(_ratings(tmp_path, levels)))
    assert found.judge_r.value == pytest.approx(-1)
    assert found.alpha == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n1,2\n", "needs the columns rater"),
        (HEAD, "needs the columns rater"),
        (HEAD + "ann,ours,scenario_0,semantic_relevance,6\n", "line 2: dimension 'semantic_relevance', level '6'"),
        (HEAD + "ann,ours,scenario_0,charm,3\n", "line 2: dimension 'charm'"),
        (HEAD + 2 * "ann,ours,scenario_0,semantic_relevance,3\n", "line 3: ann rates this dialogue a second time"),
        (HEAD + "ann,ours,scenario_0,semantic_relevance,3\n", "has 1 raters: 3 at least"),
    ],
)
def test_mistakes_name_their_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_ratings(_file(tmp_path, text))


def test_other_names_are_told(tmp_path: Path) -> None:
    path = _ratings(tmp_path, dict.fromkeys(("ann", "bob", "cleo"), (3,)))
    with pytest.raises(ValueError, match="none of the rated dialogues was judged"):
        human_agreement(judged.judging({"theirs": (3,)}), read_ratings(path))
