"""`livetalk convert`: published checkpoints to files that LiveTalk loads, by `livetalk.published.convert`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import out, progress
from livetalk.media.files import claim


class Numbers(StrEnum):
    float32 = "float32"
    bfloat16 = "bfloat16"


def convert(
    source: Annotated[Path, typer.Argument(help="A .pth, .pt or .safetensors file, an index, or a folder of one.")],
    target: Annotated[Path, typer.Argument(help="The .safetensors file to write.")],
    adapter: Annotated[
        Path | None, typer.Option("--merge", help="OmniAvatar's pytorch_model.pt, merged into the source.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Its config.json, if it does not lie beside it.")] = None,
    numbers: Annotated[
        Numbers | None, typer.Option("--dtype", help="Numbers to write; those of the source, float32 if merged.")
    ] = None,
) -> None:
    """Map names, merge OmniAvatar's LoRA, check every number and shape, write safetensors."""
    claim(target, [source, adapter, config], "the target")
    import torch

    from livetalk.published.convert import convert as run

    dtype = getattr(torch, numbers.value) if numbers else None
    with progress() as bar:
        task = bar.add_task("converting", total=None)
        kind = run(
            source,
            target,
            adapter=adapter,
            config=config,
            dtype=dtype,
            report=lambda done, of: bar.update(task, completed=done, total=of),
        )
    out.print(f"{target}: {kind}, {target.stat().st_size / 1e9:.2f} GB", markup=False)
