"""`livetalk data avatars`, `pack-assets` and `assets`: free assets that heads can be dressed in.

Knows options and files; what is done with assets is the business of `livetalk.data`.
"""

from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import out as console
from livetalk.media.files import claim, written


def avatars(
    out: Annotated[Path, typer.Argument(help="Folder of the pictures.")],
    assets: Annotated[Path, typer.Option(help="Folder of free assets, or a pack of them.", exists=True)],
    size: Annotated[int, typer.Option(help="Pixels a side.", min=64)] = 512,
) -> None:
    """Render the bundled avatars anew, each a JPEG of 100 kB at most."""
    from livetalk.data.heads.photo.avatars import as_jpeg, draw_avatars

    out.mkdir(parents=True, exist_ok=True)
    for name, picture in draw_avatars(assets, size):
        path = out / f"{name}.jpg"
        with written(path):
            path.write_bytes(as_jpeg(picture, 100_000))
    console.print(f"{out}: the bundled avatars at {size} x {size} pixels", markup=False)


def pack(
    out: Annotated[Path, typer.Argument(help="The file.")],
    assets: Annotated[Path, typer.Option(help="Folder of free assets.", exists=True)],
) -> None:
    """Put what heads that look photographed need into one file, in pictures as large as small frames need."""
    from livetalk.data.heads.photo import asset_pack
    from livetalk.data.heads.photo.closet import Closet

    claim(out)
    with written(out):
        size = asset_pack.pack_assets(Closet(assets), out)
    console.print(f"{out}: {size / 1e6:.1f} MB", markup=False)


def check(folder: Annotated[Path, typer.Argument(help="The folder to check.")]) -> None:
    """Check a folder of free pictures, meshes and films: what is missing, and where it comes from."""
    from livetalk.data.asset_folder import check_folder

    complete = True
    for group in check_folder(folder):
        console.print(group.line(), markup=False)
        complete &= group.complete
    if not complete:
        raise typer.Exit(2)
