"""A file of fitted portraits: photographs compressed to a few ten kilobytes each, read with numpy and Pillow.

The file is an npz: one array a field, first axis the portrait; pictures are WebP, end to end in one array of bytes.
Does not know: what the fields mean, or which portraits are worth keeping.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, overload

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from livetalk.data.puppets.fitted import FittedPortrait
from livetalk.media.files import existing, part_of, written

FORMAT = "livetalk portraits 1"
PICTURES = ("photograph", "alpha", "plate")
PLAIN = {"matted": bool, "angles": np.float32, "shift": np.float32, "smile": np.float32, "residual": np.float32,
         "held_out": bool, "identity": np.float16, "weights": np.float16}  # fmt: skip
STEPS = 65535 / 2  # a side of the picture in stored units of a landmark, which may lie half a side outside


@dataclass(frozen=True)
class Quality:
    """How strongly the pictures of a portrait are compressed: WebP's quality, 0 to 100."""

    photograph: int = 93
    alpha: int = 75
    plate: int = 60


class Portraits(Sequence[FittedPortrait]):
    """Fitted portraits in their stored form; each is decoded when it is asked for."""

    def __init__(self, fields: dict[str, np.ndarray]) -> None:
        self._fields = fields
        self.names: tuple[str, ...] = tuple(str(name) for name in fields["names"])

    @classmethod
    def of(cls, portrait: FittedPortrait, quality: Quality | None = None) -> "Portraits":
        """One portrait, compressed."""
        quality = quality or Quality()
        half = Image.fromarray(portrait.alpha).resize((portrait.side // 2, portrait.side // 2), Image.Resampling.BOX)
        blobs = {
            "photograph": _compressed(Image.fromarray(portrait.photograph), quality.photograph),
            "alpha": _compressed(half, quality.alpha) if portrait.matted else b"",
            "plate": _compressed(Image.fromarray(portrait.plate), quality.plate),
        }
        fields: dict[str, np.ndarray] = {"names": np.array([portrait.name])}
        for name, dtype in PLAIN.items():
            fields[name] = np.asarray(getattr(portrait, name), dtype)[None]
        units = np.round((portrait.landmarks[None] + 0.5) * STEPS)
        fields["landmarks"] = units.clip(0, 65535).astype(np.uint16)
        for name, blob in blobs.items():
            fields[name] = np.frombuffer(blob, np.uint8)
            fields[f"{name}_bytes"] = np.array([len(blob)], np.int64)
        return cls(fields)

    @classmethod
    def joined(cls, parts: Iterable["Portraits"]) -> "Portraits":
        """Several, one after another; pictures are not compressed anew."""
        fields = [part._fields for part in parts]
        if not fields:
            raise ValueError("there is no portrait to put into a file")
        return cls({name: np.concatenate([part[name] for part in fields]) for name in fields[0]})

    def marked(self, held_out: bool) -> "Portraits":
        """The same, to be trained on or held out."""
        return Portraits({**self._fields, "held_out": np.full(len(self), held_out)})

    def __len__(self) -> int:
        return len(self.names)

    @property
    def held_out(self) -> Bool[np.ndarray, "n"]:
        return self._fields["held_out"].astype(bool)

    @property
    def smiles(self) -> Float[np.ndarray, "n"]:
        return self._fields["smile"]

    @overload
    def __getitem__(self, place: int) -> FittedPortrait: ...
    @overload
    def __getitem__(self, place: slice) -> list[FittedPortrait]: ...
    def __getitem__(self, place: int | slice) -> FittedPortrait | list[FittedPortrait]:
        if isinstance(place, slice):
            return [self[row] for row in range(len(self))[place]]
        row = range(len(self))[place]
        plain = {name: self._fields[name][row] for name in PLAIN}
        photograph = np.asarray(self._picture("photograph", row).convert("RGB"))
        return FittedPortrait(
            name=self.names[row],
            photograph=photograph,
            alpha=self._opacity(row, len(photograph)),
            plate=np.asarray(self._picture("plate", row).convert("RGB")),
            matted=bool(plain["matted"]),
            landmarks=(self._fields["landmarks"][row] / STEPS - 0.5).astype(np.float32),
            identity=plain["identity"].astype(np.float32),
            weights=plain["weights"].astype(np.float32),
            angles=plain["angles"],
            shift=plain["shift"],
            smile=float(plain["smile"]),
            residual=float(plain["residual"]),
            held_out=bool(plain["held_out"]),
        )

    def __iter__(self) -> Iterator[FittedPortrait]:
        return (self[row] for row in range(len(self)))

    def size(self, row: int) -> int:
        """Bytes that one portrait takes."""
        pictures = sum(int(self._fields[f"{name}_bytes"][row]) for name in PICTURES)
        rows = [field for name, field in self._fields.items() if name not in PICTURES]
        return pictures + sum(field.nbytes // len(self) for field in rows)

    def save(self, path: Path) -> None:
        """Written beside `path` and renamed when complete."""
        part = part_of(path)
        with written(path):
            with part.open("wb") as file:
                fields: dict[str, Any] = {"format": np.array(FORMAT), **self._fields}
                np.savez(file, **fields)
            part.replace(path)

    def _blob(self, name: str, row: int) -> UInt8[np.ndarray, "bytes"]:
        ends = np.cumsum(self._fields[f"{name}_bytes"])
        return self._fields[name][ends[row] - self._fields[f"{name}_bytes"][row] : ends[row]]

    def _picture(self, name: str, row: int) -> Image.Image:
        return Image.open(BytesIO(self._blob(name, row).tobytes()))

    def _opacity(self, row: int, side: int) -> UInt8[np.ndarray, "side side"]:
        if not self._fields["matted"][row]:
            return np.full((side, side), 255, np.uint8)
        half = self._picture("alpha", row).convert("L")
        return np.asarray(half.resize((side, side), Image.Resampling.BICUBIC))


def open_portraits(path: str | Path) -> Portraits:
    """A file that `Portraits.save` wrote. Raises ValueError, with what to do, for anything else."""
    path = existing(path, "file of portraits")
    try:
        with np.load(path, allow_pickle=False) as table:
            fields = {name: table[name] for name in table.files}
    except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not a file of portraits: make one with `livetalk data pack`") from error
    if str(fields.pop("format", "")) != FORMAT:
        raise ValueError(f"{path} is not a file of portraits of this version: make it anew with `livetalk data pack`")
    return Portraits(fields)


def _compressed(picture: Image.Image, quality: int) -> bytes:
    file = BytesIO()
    picture.save(file, "WEBP", quality=quality, method=6)
    return file.getvalue()
