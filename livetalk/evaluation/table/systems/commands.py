"""Any program as a system under test: a command template, its words split first and filled in then.

`python talk.py --image {portrait} --audio {speech} --text {prompt} --output {out}`: no shell sees it, so that nothing
in a file's name or a prompt can run anything. The program writes its video, sound included, to `{out}`.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

from livetalk.evaluation.table.cases import ClipCase
from livetalk.evaluation.table.systems.base import Seen

PLACES = re.compile(r"\{(portrait|speech|prompt|out)\}")
NEEDED = ("portrait", "speech", "out")
TAIL = 300  # letters of a program's last words in a sentence
DEVICE = "LIVETALK_DEVICE"  # variable that names the device, beside CUDA_VISIBLE_DEVICES for CUDA's


@dataclass(frozen=True)
class CommandSystem:
    """A command template. timeout: seconds that a clip may take."""

    name: str
    template: str
    timeout: float = 3600.0

    @property
    def described(self) -> str:
        return f"command {self.template}"

    @property
    def fingerprint(self) -> str:
        return f"command {self.template}"

    def words(self) -> list[str]:
        """The template's words. Raises ValueError for one that cannot be split."""
        try:
            return shlex.split(self.template)
        except ValueError as error:
            raise ValueError(f"the command {self.template!r} cannot be split into words ({error}): mend it") from error

    def require(self) -> None:
        words = self.words()
        if not words or PLACES.search(words[0]):
            raise ValueError(
                f"the command of {self.name} begins with no program: give command:{self.name}='PROGRAM ...'"
            )
        named = {place for word in words for place in PLACES.findall(word)}
        if missing := [f"{{{place}}}" for place in NEEDED if place not in named]:
            raise ValueError(f"the command of {self.name} lacks {', '.join(missing)}: put it where the file belongs")
        if shutil.which(words[0]) is None:
            raise ValueError(f"there is no program {words[0]!r}: give the path of one that may be run")

    def open(self, device: str | None, threads: int) -> "CommandMaker":
        return CommandMaker(self, device, threads)


class CommandMaker:
    """Runs a command for each clip."""

    def __init__(self, system: CommandSystem, device: str | None, threads: int) -> None:
        self.system = system
        self.environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        if device is not None:
            self.environment[DEVICE] = device
            if device.startswith("cuda"):
                self.environment["CUDA_VISIBLE_DEVICES"] = device.partition(":")[2] or "0"

    def make(self, case: ClipCase, out: Path, seen: Seen) -> None:
        with TemporaryDirectory(prefix=".making-", dir=out.parent) as folder:  # beside it: renaming stays on one disk
            made = Path(folder).resolve() / f"clip{out.suffix}"
            self._run(filled(self.system.words(), case, made), Path(folder) / "said.txt")
            if not made.is_file() or not made.stat().st_size:
                raise ValueError(f"{self.system.name} ended well and wrote no video: let it write to {{out}}")
            made.replace(out)

    def _run(self, words: list[str], said: Path) -> None:
        """Run it in a process group of its own, which ends with it. Raises ValueError if it fails.

        said: a file for what it says, since a pipe that a program's own programs hold open would be waited for.
        """
        name = self.system.name
        with said.open("wb") as file:
            try:
                process = subprocess.Popen(
                    words, env=self.environment, stdin=DEVNULL, stdout=DEVNULL, stderr=file, start_new_session=True
                )
            except OSError as error:
                raise ValueError(f"{name} cannot be run ({error.strerror}): check its program {words[0]!r}") from error
            try:
                code = process.wait(self.system.timeout)
            except subprocess.TimeoutExpired as error:
                limit = f"{self.system.timeout:g} s"
                raise ValueError(f"{name} took longer than {limit}: give it more with --timeout") from error
            finally:
                _end(process)
        if code:
            last = " ".join(said.read_text(encoding="utf-8", errors="replace").split())[-TAIL:]
            raise ValueError(f"{name} ended with code {code}: {last or 'without a word'}")


def filled(words: list[str], case: ClipCase, out: Path) -> list[str]:
    """A template's words with a case's files in their places; what is filled in is not looked at again."""
    values = {
        "portrait": str(case.portrait.resolve()),
        "speech": str(case.speech.resolve()),
        "prompt": case.prompt,
        "out": str(out),
    }
    return [PLACES.sub(lambda found: values[found[1]], word) for word in words]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of a command's process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
