"""Prompts say what the clip shows, in many ways, and held-out ones in others."""

import numpy as np

from livetalk.data.acting import phrases
from livetalk.data.acting.prompts import (
    ATTRIBUTES,
    ENERGIES,
    GAZES,
    HEADS,
    MOODS,
    MOST_WORDS,
    Acting,
    sample_acting,
    vocabulary,
    write_prompt,
)


def write_many(held_out: bool, count: int = 4000) -> list[str]:
    rng = np.random.default_rng(3)
    return [write_prompt(sample_acting(rng), rng, held_out, "woman") for _ in range(count)]


def test_there_are_many_and_held_out_ones_are_others():
    train, held_out = set(write_many(False)), set(write_many(True))
    assert len(train) > 1500
    assert len(held_out) > 300
    assert not {p.lower().rstrip(".") for p in train} & {p.lower().rstrip(".") for p in held_out}


def test_held_out_phrases_frames_and_subjects_are_disjoint():
    def forms(table):
        return {form for values in table.values() for options in values.values() for pair in options for form in pair}

    assert not forms(phrases.TRAIN) & forms(phrases.HELD_OUT)
    assert not set(phrases.FRAMES[False]) & set(phrases.FRAMES[True])
    assert not {s for pair in phrases.SUBJECTS.values() for s in pair[0]} & {
        s for pair in phrases.SUBJECTS.values() for s in pair[1]
    }
    assert len(vocabulary(True) - vocabulary(False)) > 20


def test_every_value_of_every_attribute_has_phrases_of_both_kinds():
    for table, least in ((phrases.TRAIN, 3), (phrases.HELD_OUT, 2)):
        for name, choices in (("mood", MOODS), ("head", HEADS), ("gaze", GAZES), ("energy", ENERGIES)):
            assert tuple(table[name]) == choices
            assert all(len(table[name][choice]) >= least for choice in choices)


def test_held_out_phrases_reuse_content_words_that_training_teaches():
    known = {word[:4] for word in vocabulary(False)}
    for values in phrases.HELD_OUT.values():
        for choice, options in values.items():
            for form in (form for pair in options for form in pair):
                assert any(word[:4] in known for word in form.split()), (choice, form)


def test_a_prompt_names_what_is_mentioned_and_nothing_else():
    rng = np.random.default_rng(0)
    for _ in range(200):
        nod = write_prompt(Acting("happy", "nod", "left", "lively", ("head",)), rng)
        assert "nod" in nod or "up and down" in nod
        assert not any(word in nod for word in ("smil", "happy", "left", "lively", "energy"))


def test_prompts_fit_their_tokens_and_name_the_person_sometimes():
    written = write_many(False) + write_many(True)
    assert max(len(prompt.split()) for prompt in written) <= MOST_WORDS + 2
    women = np.mean(["woman" in prompt or "lady" in prompt for prompt in written])
    assert 0.4 < women < 0.9
    rng = np.random.default_rng(1)
    assert not any("man" in write_prompt(sample_acting(rng), rng, person=None).split() for _ in range(300))


def test_attributes_cover_every_value_and_default_when_unnamed():
    rng = np.random.default_rng(0)
    drawn = [sample_acting(rng) for _ in range(4000)]
    codes = np.array([acting.codes() for acting in drawn])
    for place, choices in enumerate((MOODS, HEADS, GAZES, ENERGIES)):
        shares = np.bincount(codes[:, place], minlength=len(choices)) / len(drawn)
        assert shares.min() > 0.05
    for name, default in zip(ATTRIBUTES, ("neutral", "still", "camera", "normal"), strict=True):
        unnamed = [getattr(acting, name) == default for acting in drawn if name not in acting.mentioned]
        assert np.mean(unnamed) > 0.85


def test_the_same_generator_writes_the_same():
    assert write_many(False, 50) == write_many(False, 50)
