"""Text to answer: a small chat model on CTranslate2, token by token. Knows chat messages; no sound, no turns."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

LONGEST = 60  # tokens of an answer
BEGIN, STOP = "<|im_start|>", "<|im_end|>"
REPETITION = 1.1


class Talker:
    """Loaded once; one answer at a time. `usual`: instructions that most chats begin with, read only once."""

    def __init__(self, folder: Path, threads: int = 1, usual: str = "") -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        self._model = ctranslate2.Generator(str(folder), device="cpu", intra_threads=threads)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._usual = {"role": "system", "content": usual}
        self._lock = threading.Lock()

    def answer(self, messages: Sequence[dict[str, str]]) -> Iterator[str]:
        """Pieces of text, as they come; the likeliest words. Close the iterator to stop."""
        known = int(bool(messages) and messages[0] == self._usual)
        begun = {"static_prompt": self._tokens(messages[:1]), "cache_static_prompt": True} if known else {}
        tokens = self._tokens(messages[known:], f"{BEGIN}assistant\n")
        with self._lock:
            ids: list[int] = []
            told = ""
            steps = self._model.generate_tokens(
                tokens, max_length=LONGEST, sampling_topk=1, repetition_penalty=REPETITION, end_token=STOP, **begun
            )
            for step in steps:
                ids.append(step.token_id)
                text = self._tokenizer.decode(ids)
                if text.endswith("\ufffd"):  # half a character
                    continue
                yield text[len(told) :]
                told = text

    def _tokens(self, messages: Sequence[dict[str, str]], then: str = "") -> list[str]:
        text = "".join(f"{BEGIN}{m['role']}\n{m['content']}{STOP}\n" for m in messages)
        return self._tokenizer.encode(text + then).tokens
