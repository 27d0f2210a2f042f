"""A folder of published files as `livetalk download` leaves it, at the size of `miniature-1.3b`, in random numbers."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from livetalk.performer.loading import random_parts
from livetalk.presets import MINIATURE_FULL
from livetalk.published.hub import LIVETALK, SPEECH, WAN
from tests.helpers.golden import golden


def published_folder(folder: Path) -> Path:
    """Writes the files and returns the folder."""
    parts = random_parts(MINIATURE_FULL, torch.device("cpu"), torch.float32)
    for source in (LIVETALK, WAN, SPEECH):
        (folder / source.repo).mkdir(parents=True)
    save_file(parts.student.state_dict(), folder / LIVETALK.repo / "model.safetensors")
    torch.save(parts.codec.state_dict(), folder / WAN.repo / "Wan2.1_VAE.pth")
    text = golden("umt5", "weights")
    torch.save(text, folder / WAN.repo / "models_t5_umt5-xxl-enc-bf16.pth")
    speech = golden("wav2vec2", "weights")
    save_file({f"wav2vec2.{k}": v.float() for k, v in speech.items()}, folder / SPEECH.repo / "model.safetensors")
    words = Tokenizer(models.WordLevel({"<unk>": 1, "a": 2, "person": 3}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    (folder / WAN.repo / "google" / "umt5-xxl").mkdir(parents=True)
    words.save(str(folder / WAN.repo / "google" / "umt5-xxl" / "tokenizer.json"))
    return folder
