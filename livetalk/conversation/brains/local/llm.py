"""Local language model: a small chat model on CTranslate2, token by token.

An answer is thought in parts, so that whoever speaks it has the processor to themselves meanwhile. Knows chat messages;
no sound, no turns.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from livetalk.voice.products import fast_signed

LONGEST = 60  # tokens of an answer
FIRST, THEN = 12, 24  # tokens thought before there is something to say, and between what is said
BEGIN, STOP = "<|im_start|>", "<|im_end|>"
REPETITION = 1.1


class LocalLLM:
    """Loaded once; one answer at a time. `usual`: instructions that most chats begin with, read only once."""

    def __init__(self, folder: Path, threads: int = 1, usual: str = "") -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        # Without VNNI, products of bytes are added up in 16 bits and overflow: it would forget what it was told.
        exact = "int8" if fast_signed() else "float32"
        self._model = ctranslate2.Generator(str(folder), device="cpu", compute_type=exact, intra_threads=threads)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._usual = {"role": "system", "content": usual}
        self._lock = threading.Lock()

    def answer(self, messages: Sequence[dict[str, str]]) -> "Generation":
        """Generate an answer greedily."""
        known = int(bool(messages) and messages[0] == self._usual)
        begun = {"static_prompt": self._tokens(messages[:1]), "cache_static_prompt": True} if known else {}
        return Generation(self, self._tokens(messages[known:], f"{BEGIN}assistant\n"), begun)

    def go_on(self, tokens: list[str], most: int, begun: dict[str, Any]) -> Iterator[tuple[int, str]]:
        """Generate up to so many further tokens, as ids and as strings. Close the iterator to stop."""
        with self._lock:
            steps = self._model.generate_tokens(
                tokens, max_length=most, sampling_topk=1, repetition_penalty=REPETITION, end_token=STOP, **begun
            )
            for step in steps:
                yield step.token_id, step.token

    def text(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids)

    def _tokens(self, messages: Sequence[dict[str, str]], then: str = "") -> list[str]:
        text = "".join(f"{BEGIN}{m['role']}\n{m['content']}{STOP}\n" for m in messages)
        return self._tokenizer.encode(text + then).tokens


class Generation:
    """An answer in the making. `more` thinks a little further; between two calls nothing is thought."""

    def __init__(self, talker: LocalLLM, tokens: list[str], begun: dict[str, Any]) -> None:
        self._talker, self._tokens, self._begun = talker, tokens, begun
        self._ids: list[int] = []
        self._told = ""
        self.over = False

    def more(self) -> Iterator[str]:
        """Pieces of text, as they come, until it is time to speak. Close the iterator to stop."""
        before = len(self._ids)
        most = min(THEN if before else FIRST, LONGEST - before)
        for number, token in self._talker.go_on([*self._tokens], most, self._begun):
            self._ids.append(number)
            self._tokens.append(token)
            text = self._talker.text(self._ids)
            if text.endswith("\ufffd"):  # half a character
                continue
            yield text[len(self._told) :]
            self._told = text
        got = len(self._ids) - before
        self.over = got < most or len(self._ids) >= LONGEST

    def __iter__(self) -> Iterator[str]:
        """All of it."""
        while not self.over:
            yield from self.more()
