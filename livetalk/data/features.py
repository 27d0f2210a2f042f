"""Precomputed speech features: shelves of speech through the frozen encoder, so that video training needs no sound.

A feature shelf is a folder: `features.safetensors` (all rows end to end, float16, with where each entry starts) and
`manifest.jsonl` in the format of a speech shelf, one line an entry. An entry is an utterance in one variant: 0 as
recorded, from 1 on treated (see augment.py) and shifted by part of a frame. Its phoneme times are those of its own
sound, so `Timelines.read(folder)` stages clips from it directly: place n there is entry n here, and row i is the
frame at i / 16 s. Knows no faces.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from livetalk.conditions.speech import LoadedSpeechEncoder
from livetalk.data.augment import sample_treatment, treat
from livetalk.data.speech import MANIFEST, RATE, SpeechDataset, Utterance, entries
from livetalk.geometry import FRAME_RATE
from livetalk.voice.timing import Phoneme

FEATURES = "features.safetensors"
TAIL = 12  # rows kept after the end of an utterance: past that, all that is heard is silence
_STREAM = 0xFEA7


@dataclass(frozen=True)
class FeatureDataset:
    """Features of many utterances in memory; all axes of time are video frames.

    `rows`: float16, entries end to end. `starts`: of each entry in `rows`, and the end. `silence`: the row of no
    sound at all. `lines`: the manifest, one dict an entry (id, text, voice, seconds, variant, phonemes).
    """

    rows: Float[Tensor, "n a"]
    starts: Int[Tensor, " bounds"]  # one more than entries
    silence: Float[Tensor, " a"]
    lines: list[dict[str, Any]]

    @classmethod
    def load(cls, folder: Path | str, device: torch.device | str = "cpu") -> "FeatureDataset":
        """Raises ValueError if the folder is no feature shelf or its two files do not belong together."""
        folder = Path(folder)
        if not (folder / FEATURES).is_file():
            raise ValueError(f"no features in {folder}: make them with livetalk.data.features.encode_shelf")
        with safe_open(folder / FEATURES, "pt", device=str(device)) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        scale = tensors.pop("scale", None)
        if scale is not None:
            tensors["rows"] = (tensors["rows"].float() * scale).half()
        lines = entries(folder)
        if len(lines) + 1 != len(tensors["starts"]):
            raise ValueError(f"{FEATURES} and {MANIFEST} in {folder} are of different shelves: encode it again")
        return cls(lines=lines, **tensors)

    def save_small(self, folder: Path | str) -> None:
        """Write the shelf with 8 bits a number, one scale a channel: half the size for an error of about 1 %."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        scale = self.rows.float().abs().amax(0) / 127
        codes = (self.rows.float() / scale).round().to(torch.int8)
        tensors = {"rows": codes, "scale": scale, "starts": self.starts, "silence": self.silence}
        (folder / FEATURES).write_bytes(save(tensors))
        lines = (json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in self.lines)
        _replace(folder / MANIFEST, "".join(line + "\n" for line in lines))

    def __len__(self) -> int:
        return len(self.lines)

    def variants(self, utterance: str) -> list[int]:
        """Entries of an utterance, by its id, as recorded first."""
        return [n for n, line in enumerate(self.lines) if line["id"].split("~")[0] == utterance]

    def phonemes(self, entry: int) -> tuple[Phoneme, ...]:
        """Phonemes with their times, in seconds of the entry's own clock."""
        return tuple(Phoneme(*p) for p in self.lines[entry]["phonemes"])

    def gather(self, entry: Int[Tensor, " b"], start_frame: Int[Tensor, " b"], frames: int) -> Float[Tensor, "b t a"]:
        """Float32 rows of `frames` frames of each entry from `start_frame` on; silence before and past it."""
        device = self.rows.device
        first, end = self.starts[entry.to(device)], self.starts[entry.to(device) + 1]
        places = (first + start_frame.to(device))[:, None] + torch.arange(frames, device=device)
        inside = (places >= first[:, None]) & (places < end[:, None])
        found = self.rows[places.clamp(0, len(self.rows) - 1)]
        return torch.where(inside[..., None], found, self.silence).float()


def encode_shelf(
    folders: Path | str | Sequence[Path | str],
    encoder: LoadedSpeechEncoder,
    out: Path | str,
    variants: int = 2,
    seed: int = 0,
) -> FeatureDataset:
    """Encode every utterance of one or more speech shelves, in `variants` variants each, into the folder `out`.

    Deterministic by seed. Raises ValueError if a folder holds no speech.
    """
    folders = [folders] if isinstance(folders, str | Path) else folders
    lines, pieces = [], []
    for utterance in (spoken for folder in folders for spoken in SpeechDataset(folder)):
        for variant, version in enumerate(versions(utterance, variants, seed)):
            pieces.append(encode(version.audio, encoder))
            lines.append(_line(version, variant))
    starts = torch.tensor(np.cumsum([0, *(len(piece) for piece in pieces)]))
    silence = encode(np.zeros(RATE * 2, np.float32), encoder)[FRAME_RATE]
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    tensors = {"rows": torch.cat(pieces), "starts": starts, "silence": silence.clone()}
    _replace(out / MANIFEST, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    (out / (FEATURES + ".part")).write_bytes(save(tensors))
    (out / (FEATURES + ".part")).replace(out / FEATURES)
    return FeatureDataset(lines=lines, **tensors)


@torch.no_grad()
def encode(audio: np.ndarray, encoder: LoadedSpeechEncoder) -> Float[Tensor, "t a"]:
    """Float16 rows of a whole utterance and of TAIL frames of silence after it."""
    padded = np.concatenate([audio, np.zeros(TAIL * RATE // FRAME_RATE, np.float32)])
    return encoder(torch.from_numpy(padded)[None])[0].half()


def versions(utterance: Utterance, variants: int, seed: int) -> Iterator[Utterance]:
    """The utterance as recorded, then as treated in `variants` - 1 ways, each starting at another part of a frame."""
    yield utterance
    for variant in range(1, variants):
        key = [_STREAM, seed, variant, *utterance.id.encode()]
        rng = np.random.default_rng(key)
        yield later(treat(utterance, sample_treatment(rng)), int(rng.integers(RATE // FRAME_RATE)))


def later(utterance: Utterance, samples: int) -> Utterance:
    """The utterance without its first samples: every sound comes that much earlier."""
    gone = samples / RATE
    moved = (Phoneme(p.symbol, max(0.0, p.start_s - gone), p.end_s - gone) for p in utterance.phonemes)
    return replace(utterance, audio=utterance.audio[samples:], phonemes=tuple(p for p in moved if p.end_s >= 0))


def _line(utterance: Utterance, variant: int) -> dict[str, Any]:
    return {
        "id": f"{utterance.id}~{variant}",
        "text": utterance.text,
        "voice": utterance.voice,
        "variant": variant,
        "seconds": round(utterance.seconds, 4),
        "samples": len(utterance.audio),
        "phonemes": [[p.symbol, round(p.start_s, 3), round(p.end_s, 3)] for p in utterance.phonemes],
    }


def _replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
