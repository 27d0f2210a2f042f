"""What a prompt asks for is read from its words."""

import numpy as np
import pytest

from livetalk.data.acting import phrases
from livetalk.data.acting.prompts import sample_acting, write_prompt
from livetalk.data.acting.reading import person_of, read_prompt


@pytest.mark.parametrize("table", [phrases.TRAIN, phrases.HELD_OUT])
def test_every_phrase_is_read_as_what_it_says(table):
    for attribute, values in table.items():
        for value, choices in values.items():
            for phrase in choices:
                for form in phrase:
                    acting = read_prompt(f"a person {form} while speaking")
                    assert (getattr(acting, attribute), acting.mentioned) == (value, (attribute,)), form


def test_sentences_of_several_are_read():
    rng = np.random.default_rng(3)
    right = 0
    for n in range(300):
        acting = sample_acting(rng)
        read = read_prompt(write_prompt(acting, rng, held_out=n % 2 == 1))
        right += all(getattr(read, name) == getattr(acting, name) for name in acting.mentioned)
        right -= not set(read.mentioned) <= set(acting.mentioned)
    assert right >= 297


def test_a_plain_prompt_names_nothing_and_people_are_told_apart():
    assert read_prompt(phrases.DEFAULT).mentioned == ()
    assert person_of("the woman nods while she speaks") == "woman"
    assert person_of("a gentleman talks") == "man"
    assert person_of("a person talks to the camera") is None
