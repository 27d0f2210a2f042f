"""Options of the brains, and their names. Plain values: importing this loads no brain."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from livetalk.options import Option

BrainName = Literal["local", "cascade", "omni", "echo"]


@dataclass(frozen=True)
class BrainOptions:
    """Where a brain is and how it speaks. `url`, `model`: of `omni`, or of the chat service of `cascade`."""

    url: Annotated[str | None, Option("Where a served brain is (cascade, omni).", flag="--brain-url")] = None
    model: Annotated[str | None, Option("Its model there.", flag="--brain-model")] = None
    voice: Annotated[str | None, Option("Its voice.")] = None
    language: Annotated[str | None, Option("The visitor's language, two letters.")] = None
    dialect: Annotated[str | None, Option("What an omni server speaks: openai or vllm-omni.")] = None
    whisper: Annotated[Path | None, Option("Folder of the local brain's Whisper (CTranslate2).")] = None
    chat: Annotated[Path | None, Option("Folder of its language model (CTranslate2).")] = None
    kokoro: Annotated[Path | None, Option("Folder of its voice.")] = None
