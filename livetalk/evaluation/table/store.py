"""Folder of a table: cases, clips and their records, figures; everything in it is whole or not there.

    cases/SET/CASE/          portrait.png, speech.wav, truth.mp4
    clips/SYSTEM/SET/CASE.mp4    and beside it CASE.json: how long it took, or why there is none
    figures/                 what was measured, by what it was measured of
    table.json, table.md, table.tex, table.webp

A run that was stopped finds in it what is done. Knows files and small values; neither systems nor measures.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from livetalk import __version__
from livetalk.evaluation.clip_files import ClipFile
from livetalk.evaluation.estimates import Estimate
from livetalk.evaluation.table.cases import ClipCase, write_json
from livetalk.media.video import Mp4Writer

SYSTEM = "system.json"  # in a system's folder of clips
VERSION = 1  # rises when records or figures mean something else


@dataclass(frozen=True)
class ClipRecord:
    """How a clip was made. spent, first_frame: seconds, from the files of portrait and speech to that of the video.

    alone: nothing else was made at the time, and the system was warm; load: what wanted to run when it was done.
    failed: why there is no clip, in a sentence.
    """

    frames: int = 0
    seconds: float = 0.0  # of video
    spent: float = 0.0
    first_frame: float = 0.0
    alone: bool = False
    device: str = ""
    load: float | None = None
    failed: str | None = None


@dataclass(frozen=True)
class Figures:
    """Figures by name, and sentences about what could not be measured and how the rest was."""

    values: Mapping[str, Estimate]
    remarks: tuple[str, ...] = ()


class TableFolder:
    """See the module docstring. Raises ValueError for a path that is a file."""

    def __init__(self, out: Path) -> None:
        if out.exists() and not out.is_dir():
            raise ValueError(f"{out} is a file: give --out a folder")
        self.out = out

    def cases(self, data: str) -> Path:
        """Where the cases of a data set lie."""
        return self.out / "cases" / data

    def clip(self, system: str, case: ClipCase) -> Path:
        """Where the clip of a case lies, or is to lie."""
        return self.out / "clips" / system / f"{case.name}.mp4"

    def claim(self, system: str, fingerprint: str, described: str) -> None:
        """Make sure that a system's clips here are its own. Raises ValueError for those of another."""
        path = self.out / "clips" / system / SYSTEM
        if path.is_file():
            before = json.loads(path.read_text(encoding="utf-8"))
            if before["fingerprint"] != fingerprint:
                raise ValueError(
                    f"{path.parent} holds clips of another {system} ({before['described']}):"
                    " give this one another name, or another --out"
                )
            return
        write_json(path, {"fingerprint": fingerprint, "described": described})

    def record(self, system: str, case: ClipCase) -> ClipRecord | None:
        """How a clip was made; None if it is still to be."""
        path = self.clip(system, case).with_suffix(".json")
        if not path.is_file():
            return None
        held = json.loads(path.read_text(encoding="utf-8"))
        if held.pop("version") != VERSION:
            return None
        found = ClipRecord(**held)
        return found if found.failed is not None or self.clip(system, case).is_file() else None

    def keep(self, system: str, case: ClipCase, record: ClipRecord) -> None:
        """Write a clip's record, which makes it done."""
        write_json(self.clip(system, case).with_suffix(".json"), {"version": VERSION, **asdict(record)})

    def stand_in(self, case: ClipCase) -> Path:
        """A black video with the case's speech: what a system that made nothing is measured by."""
        path = self.out / "stand_ins" / f"{case.name}.mp4"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_black(path, case)
        return path

    def figures(self, measure: str, clips: Sequence[ClipFile], key: str) -> Figures | None:
        """What was measured of these very files; None if it is still to be."""
        path = self._figures(measure, clips, key)
        if not path.is_file():
            return None
        held = json.loads(path.read_text(encoding="utf-8"))
        values = {name: _estimate(document) for name, document in held["values"].items()}
        return Figures(values, tuple(held["remarks"]))

    def keep_figures(self, measure: str, clips: Sequence[ClipFile], key: str, found: Figures) -> None:
        """Write what was measured."""
        values = {name: value.document() for name, value in found.values.items()}
        write_json(self._figures(measure, clips, key), {"values": values, "remarks": found.remarks})

    def _figures(self, measure: str, clips: Sequence[ClipFile], key: str) -> Path:
        made = hashlib.sha256(f"{VERSION} {__version__} {measure} {key}".encode())
        for clip in clips:
            stat = clip.path.stat()
            made.update(f" {clip.name} {clip.path} {stat.st_size} {stat.st_mtime_ns}".encode())
        return self.out / "figures" / f"{measure}-{made.hexdigest()[:16]}.json"


def _estimate(document: Mapping[str, float | None]) -> Estimate:
    low, high, value = (float("nan") if (v := document[name]) is None else v for name in ("low", "high", "value"))
    return Estimate(value, low, high, int(document["n"] or 0))


def _write_black(path: Path, case: ClipCase) -> None:
    import numpy as np
    from PIL import Image

    from livetalk.geometry import FRAME_RATE
    from livetalk.media import read_speech

    with Image.open(case.portrait) as picture:
        width, height = picture.size
    sound = np.concatenate(list(read_speech(case.speech)))
    with Mp4Writer(path, size=(height, width)) as writer:
        writer.write_frames(np.zeros((max(1, round(case.seconds * FRAME_RATE)), height, width, 3), np.uint8))
        writer.write_audio(sound)
