"""Any command as a maker of clips: a template in which the parts of an order stand, run without a shell.

`{portrait}`, `{last_frame}` (pictures), `{speech}` (wav), `{transcript}` (text file), `{prompt}` (the text itself) and
`{out}` (the mp4 to be written).
"""

import asyncio
import os
import shlex
import shutil
import signal
import string
from dataclasses import dataclass

from livetalk.evaluation.dialogue.api_calls import is_film
from livetalk.evaluation.dialogue.clip_maker import ClipFailed, ClipRequest
from livetalk.evaluation.dialogue.systems import SystemUnavailable
from livetalk.runtime.cpu import cores, processor

FIELDS = ("portrait", "last_frame", "speech", "transcript", "prompt", "out")


@dataclass(frozen=True)
class CommandClips:
    """A `ClipMaker`. template: the command line; limit: seconds that it may take. Raises ValueError for a template
    that names no {out}, or what is unknown."""

    template: str
    limit: float = 1800.0
    parallel: int = 1
    wait_seconds: float = 60.0
    price: float | None = None
    pricing: str | None = None

    def __post_init__(self) -> None:
        try:
            named = {field for _, field, _, _ in string.Formatter().parse(self.template) if field is not None}
            words = shlex.split(self.template)
        except ValueError as error:
            raise ValueError(f"{self.template!r} is no command ({error}): mend its quotes or braces") from error
        if not words or "out" not in named or not named <= {*FIELDS}:
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise ValueError(f"{self.template!r} is no command for clips: it may name {known}, and must name {{out}}")

    @property
    def machine(self) -> str:
        return f"{cores()} cores, {processor()}, {shlex.split(self.template)[0]}"

    def check(self) -> None:
        program = shlex.split(self.template)[0]
        if shutil.which(program) is None:
            raise SystemUnavailable(f"the program {program!r} is not found: install it, or give its path")

    async def begin(self, order: ClipRequest) -> str:
        """Nothing is under way before `finish`: a command ends with its run."""
        return ""

    async def finish(self, job: str, order: ClipRequest) -> None:
        parts = {
            "portrait": order.portrait,
            "last_frame": order.first_frame,
            "speech": order.speech,
            "transcript": order.transcript,
            "prompt": order.prompt,
            "out": order.out,
        }
        words = [
            word.format(**{name: str(part) for name, part in parts.items()}) for word in shlex.split(self.template)
        ]
        order.out.unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _, told = await asyncio.wait_for(process.communicate(), self.limit)
        except TimeoutError:
            raise ClipFailed(f"the command was not done after {self.limit:g} s") from None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)  # and what it has started
                await process.wait()
        if process.returncode:
            lines = told.decode("utf-8", "replace").strip().splitlines()
            raise ClipFailed(
                f"the command ended with {process.returncode}: {lines[-1] if lines else 'it says nothing'}"
            )
        if not order.out.is_file() or not await asyncio.to_thread(is_film, order.out):
            raise ClipFailed("the command wrote no video that can be read to {out}")
