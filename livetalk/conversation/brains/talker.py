"""Text to answer: a small chat model on CTranslate2, token by token. Knows chat messages; no sound, no turns."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

LONGEST = 60  # tokens of an answer
BEGIN, STOP = "<|im_start|>", "<|im_end|>"
REPETITION = 1.1


class Talker:
    """Loaded once; one answer at a time."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        self._model = ctranslate2.Generator(str(folder), device="cpu", intra_threads=threads)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._lock = threading.Lock()

    def answer(self, messages: Sequence[dict[str, str]]) -> Iterator[str]:
        """Pieces of text, as they come; the likeliest words. Close the iterator to stop."""
        prompt = "".join(f"{BEGIN}{m['role']}\n{m['content']}{STOP}\n" for m in messages) + f"{BEGIN}assistant\n"
        tokens = self._tokenizer.encode(prompt).tokens
        with self._lock:
            ids: list[int] = []
            told = ""
            steps = self._model.generate_tokens(
                tokens, max_length=LONGEST, sampling_topk=1, repetition_penalty=REPETITION, end_token=STOP
            )
            for step in steps:
                ids.append(step.token_id)
                text = self._tokenizer.decode(ids)
                if text.endswith("\ufffd"):  # half a character
                    continue
                yield text[len(told) :]
                told = text
