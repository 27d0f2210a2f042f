"""Each dimension's judge is shown its own kind of evidence; what is left out is left out of every turn."""

from livetalk.evaluation.dialogue.judging.evidence import Modality, shown
from livetalk.evaluation.dialogue.scenarios import Dimension, DimensionGroup
from tests.helpers import judged


def test_content_is_judged_by_words_and_the_visual_by_pictures() -> None:
    for dimension in Dimension:
        content = dimension.group is DimensionGroup.CONTENT
        assert shown(dimension, sound=False) == {Modality.TRANSCRIPT if content else Modality.FRAMES}


def test_sound_is_for_how_natural_it_is_only() -> None:
    hearing = [one for one in Dimension if Modality.SOUND in shown(one, sound=True)]
    assert hearing == [Dimension.CONVERSATIONAL_NATURALNESS]


def test_only_keeps_the_visitor_and_one_kind() -> None:
    whole = judged.evidence(frames=[judged.swaying(frames=2)] * 3)
    words, pictures = (whole.only(frozenset({kind})) for kind in (Modality.TRANSCRIPT, Modality.FRAMES))
    assert [turn.heard for turn in words.turns] == list(judged.ANSWERS)
    assert not any(turn.frames or turn.sound for turn in words.turns)
    assert all(turn.frames and turn.heard is None for turn in pictures.turns)
    assert [turn.says for turn in pictures.turns] == [turn.says for turn in whole.turns]
