"""Loading of a performer's networks: from our bundles, from published files, or with random weights.

Knows files and their folders, and which network each is for. One tensor at a time is brought to the device and the
type it is used in, so that a large file never lies in memory twice. Knows nothing of how the networks are run.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from livetalk.codec.taehv import LightDecoder, load_light
from livetalk.codec.wan import WanCodec, WanConfig, load_wan
from livetalk.conditions.speech import load_speech_encoder
from livetalk.conditions.speech_wav2vec2 import (
    Wav2Vec2Speech,
    WindowedSpeech,
    build_wav2vec2,
    new_wav2vec2,
)
from livetalk.conditions.text_cache import TextCache, TextFeatures
from livetalk.conditions.text_tiny import load_text_encoder
from livetalk.conditions.text_umt5 import UMT5Text
from livetalk.conditions.windows import RowEncoder
from livetalk.dit.audio import with_lids_unheard
from livetalk.dit.model import DiT
from livetalk.presets import Preset
from livetalk.published.files import read_checkpoint
from livetalk.published.hub import LIVETALK, SPEECH, WAN, DownloadCache, default_folder
from livetalk.published.transformer import load_dit
from livetalk.weights import load_bundle, load_into

WEIGHTS = ("codec", "student", "speech", "text")  # bundles of ours
TRANSFORMER = f"{LIVETALK.repo}/model.safetensors"
VAE = f"{WAN.repo}/Wan2.1_VAE.pth"
TEXT = f"{WAN.repo}/models_t5_umt5-xxl-enc-bf16.pth"
TOKENIZER = f"{WAN.repo}/google/umt5-xxl/tokenizer.json"
HEARING = f"{SPEECH.repo}/model.safetensors"
LIGHT = "taew2_1.pth"  # TAEHV's decoder, which a person fetches from its author
CACHE = "text-cache"  # folder of encoded prompts, beside the files
ROOM = 2e9  # bytes that must stay free beside the text encoder on a GPU


@dataclass(frozen=True)
class Parts:
    """The networks of a performer. version: of the transformer's weights, as a video's metadata tells it."""

    student: DiT
    codec: Any  # nn.Module and livetalk.codec.base.Codec
    speech: RowEncoder
    text: TextFeatures
    version: str


def bundled(preset: Preset, folder: Path) -> Parts:
    """Bundles of ours. Raises ValueError for missing or foreign weights."""
    missing = [f"{name}.safetensors" for name in WEIGHTS if not (folder / f"{name}.safetensors").is_file()]
    if missing:
        raise ValueError(_what_is_missing(preset, folder, missing))
    codec, student = preset.build_codec(), DiT(preset.dit)
    load_into(codec, load_bundle(folder / "codec.safetensors")[0])
    state, metadata = load_bundle(folder / "student.safetensors")
    load_into(student, with_lids_unheard(state, preset.dit))
    speech = load_speech_encoder(folder / "speech.safetensors")
    text = load_text_encoder(folder / "text.safetensors")
    return Parts(student, codec, speech, text, metadata.get("version", "unversioned"))


def bundle_folder(preset: Preset) -> Path:
    """Where the bundles of a preset lie that come with the package; most presets have none."""
    return Path(str(resources.files("livetalk") / "assets" / preset.name))


def _what_is_missing(preset: Preset, folder: Path, missing: Sequence[str]) -> str:
    if folder != bundle_folder(preset):
        if not folder.is_dir():
            return (
                f"the folder of weights {folder} {'is a file' if folder.exists() else 'does not exist'}: check its path"
            )
        return f"{folder} has no {', '.join(missing)}: give a folder that holds all weights of preset {preset.name}"
    if not folder.is_dir():
        return f"preset {preset.name} comes without weights: train it, or give a folder of them with --weights"
    return f"the bundled {', '.join(missing)} of preset {preset.name} are missing: reinstall livetalk"


def published(
    preset: Preset, folder: Path, device: torch.device, dtype: torch.dtype, transformer: Path | None = None
) -> Parts:
    """Published files, as `livetalk download` leaves them in `folder`; `transformer`: another one than the student.

    The text encoder is not loaded: that happens when a prompt is asked for that `folder` has no features of. Without
    its files, prompts that were encoded before can still be used.

    Raises:
        ValueError: files are missing, or hold something else; names what.
    """
    if folder != default_folder() and not folder.is_dir():
        raise ValueError(f"the folder of weights {folder} does not exist: check its path")
    needed = (TRANSFORMER, VAE, HEARING) if transformer is None else (VAE, HEARING)
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"{folder} has no {' and no '.join(missing)}: run livetalk download 1.3b")
    student = load_dit(_placed(read_checkpoint(transformer or folder / TRANSFORMER), device, dtype), preset.dit)
    codec = load_wan(_placed(read_checkpoint(folder / VAE), device, dtype))
    heard = dtype if preset.as_published else torch.float32
    assert preset.speech is not None
    speech = Wav2Vec2Speech(
        build_wav2vec2(_placed(read_checkpoint(folder / HEARING), device, heard), preset.speech.heads)
    )
    if speech.width != preset.dit.speech_dim:
        sizes = f"{speech.width} numbers a frame, the transformer hears {preset.dit.speech_dim}"
        raise ValueError(f"{folder / HEARING} gives {sizes}: give facebook/wav2vec2-base-960h")
    return Parts(student, codec, WindowedSpeech(speech), PublishedText(folder, device), _version(folder, TRANSFORMER))


def random_parts(preset: Preset, device: torch.device, dtype: torch.dtype, seed: int = 0) -> Parts:
    """Networks of the published sizes, filled with random numbers: path, shapes, memory and time are real.

    The text encoder alone is left out: a stand-in makes rows of its shape. It runs once a prompt, before anything
    is seen, and its features come from the disk afterwards.
    """
    assert isinstance(preset.codec, WanConfig)
    assert preset.speech is not None
    with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.device(device):
        torch.manual_seed(seed)
        student = DiT(preset.dit)
        for name, parameter in student.named_parameters():
            if name.startswith("head.head") or (parameter.ndim == 1 and "norm" not in name):
                # As published, the head starts at zero and shows nothing of what the layers do.
                nn.init.normal_(parameter, std=preset.dit.dim**-0.5)
        student = student.to(dtype)
        codec = WanCodec(preset.codec).to(dtype)
        speech = Wav2Vec2Speech(new_wav2vec2(preset.speech))
    heard = dtype if preset.as_published else torch.float32
    rows = _RandomText(preset.text_tokens, preset.dit.text_dim)
    # One of its parameters is made on the processor whatever device is asked for.
    return Parts(student.eval(), codec.eval(), WindowedSpeech(speech.to(device, heard)), rows, "random")


def fast_decoder(path: Path | None, folder: Path | None, random: bool = False) -> LightDecoder:
    """TAEHV's decoder from its file, beside the other files by default; random numbers if `random`.

    Raises ValueError if there is no such file, or it holds something else.
    """
    if random:
        return LightDecoder().eval().requires_grad_(False)
    path = path or (folder or default_folder()) / LIGHT
    if not path.is_file():
        words = f"the fast mode decodes with TAEHV and {path} is missing"
        raise ValueError(f"{words}: get {LIGHT} from github.com/madebyollin/taehv, or use --mode exact")
    return load_light(read_checkpoint(path)).requires_grad_(False)


class PublishedText:
    """Features of prompts from the disk; the 11 GB encoder is loaded for new ones only, and let go."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.folder, self.device = folder, device
        self.cache = TextCache(folder / CACHE, _version(folder, TEXT), self._load)

    def encode(self, prompts: Sequence[str]) -> Float[Tensor, "b s e"]:
        """See `TextFeatures`. Raises ValueError if a prompt is new and the encoder's files are not here."""
        rows = self.cache.encode(prompts)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()  # what the encoder has left belongs to the others
        return rows

    def _load(self) -> UMT5Text:
        missing = [name for name in (TEXT, TOKENIZER) if not (self.folder / name).is_file()]
        if missing:
            words = f"this prompt is new and {self.folder} has no {' and no '.join(missing)} to encode it"
            raise ValueError(f"{words}: run livetalk download 1.3b")
        size = (self.folder / TEXT).stat().st_size
        fits = self.device.type == "cuda" and torch.cuda.mem_get_info(self.device)[0] > size + ROOM
        where = self.device if fits else torch.device("cpu")
        state = read_checkpoint(self.folder / TEXT)
        return UMT5Text.load({name: tensor.to(where) for name, tensor in state.items()}, self.folder / TOKENIZER)


class _RandomText:
    """Rows of random numbers, the same for the same prompt; zero past the prompt, as the encoder's are."""

    def __init__(self, tokens: int, width: int) -> None:
        self.tokens, self.width = tokens, width

    def encode(self, prompts: Sequence[str]) -> Float[Tensor, "b s e"]:
        rows = torch.zeros(len(prompts), self.tokens, self.width)
        for row, prompt in zip(rows, prompts, strict=True):
            seed = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:7], "big")
            used = min(self.tokens, 1 + len(prompt) // 4)
            row[:used] = torch.randn(used, self.width, generator=torch.Generator().manual_seed(seed))
        return rows


def _placed(state: Mapping[str, Tensor], device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    return {name: state[name].to(device, dtype) for name in state}


def _version(folder: Path, name: str) -> str:
    """A word for a file's content: its recorded hash, or what the file system says of it."""
    noted = DownloadCache(folder).verified().get(name)
    if noted is not None:
        return noted["digest"].split(":")[-1][:12]
    path = folder / name
    if not path.is_file():
        return "absent"
    with path.open("rb") as file:
        return "unverified-" + hashlib.sha256(f"{path.stat().st_size}".encode() + file.read(1 << 20)).hexdigest()[:12]
