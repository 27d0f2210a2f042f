"""Loading options of a preset. Plain values: importing this loads no torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from livetalk.options import Option

Mode = Literal["exact", "fast"]
"""How a full preset is made fast: with the very same numbers, or with smaller ones."""


@dataclass(frozen=True)
class LoadOptions:
    """How a full preset is loaded; the small ones are as they are.

    as_published: as its authors run it, offline only. random_weights: no files; everything real but the picture.
    device: a CUDA device where there is one by default; of two with a comma between them the second one decodes.
    mode: made fast before anything is asked of it. decoder: TAEHV's file for the fast mode; taew2_1.pth beside the
    others by default.
    """

    as_published: Annotated[bool, Option("1.3b as its authors run it: absolute positions, the whole clip.")] = False
    random_weights: Annotated[bool, Option("1.3b without its files: all is real but the picture.")] = False
    device: Annotated[str | None, Option("cpu, cuda:1, or cuda:0,cuda:1 to decode on the second.")] = None
    mode: Annotated[Mode | None, Option("1.3b made fast first; pays for long videos.")] = None
    decoder: Annotated[Path | None, Option("TAEHV's taew2_1.pth, for the fast mode.")] = None
