"""Promises of the memory: what was heard stays, in order, and never too much."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from livetalk.conversation.history import CUT_OFF, ChatHistory

TURNS = st.lists(st.tuples(st.booleans(), st.text("abc .", min_size=1, max_size=200)), max_size=40)


def test_an_interrupted_answer_ends_where_it_was_heard():
    memory = ChatHistory()
    memory.turn_begins()
    memory.user_said("Tell me a story.")
    for word in ("Once", "upon", "a"):
        memory.face_said(word)
    memory.interrupted()
    assert [(t.role, t.text) for t in memory.turns] == [
        ("user", "Tell me a story."),
        ("assistant", f"Once upon a{CUT_OFF}"),
    ]


def test_words_of_the_visitor_may_come_after_the_answer_began():
    memory = ChatHistory()
    memory.turn_begins()
    memory.face_said("Yes, gladly.")
    memory.user_said("Can you help?")
    memory.turn_begins()
    memory.user_said("Thanks.")
    assert [m["content"] for m in memory.messages()[1:]] == ["Can you help?", "Yes, gladly.", "Thanks."]


def test_turns_without_an_answer_are_one():
    memory = ChatHistory()
    for words in ("I have", "a dog"):
        memory.turn_begins()
        memory.user_said(words)
    assert [m["content"] for m in memory.messages()[1:]] == ["I have a dog"]


def test_old_turns_leave_a_line():
    memory = ChatHistory(budget=20)
    memory.user_said("My name is Anna and I have got a little dog called Rex")
    memory.face_said("What a lovely name for such a little dog")
    memory.user_said("Yes it is")
    assert "Anna" in memory.messages()[0]["content"]
    assert len(memory.turns) == 2


@given(TURNS)
def test_it_is_bounded_and_alternates(turns: list[tuple[bool, str]]):
    memory = ChatHistory(budget=30)
    for user, text in turns:
        if user:
            memory.turn_begins()
            memory.user_said(text)
        else:
            memory.face_said(text)
            memory.interrupted()
    assert sum(len(t.text.split()) for t in memory.turns) <= 2 * 30 + 1
    assert len(memory.summaries) <= 6
    roles = [m["role"] for m in memory.messages()]
    assert roles[0] == "system"
    assert all(a != b for a, b in pairwise(roles))
