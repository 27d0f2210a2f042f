"""`livetalk download`: the published weights, their licences shown first, by `livetalk.published.hub`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from livetalk.cli.console import err, out
from livetalk.published.hub import SETS, DownloadCache, Hub, Source, default_folder


class Weights(StrEnum):
    full = "1.3b"
    teacher = "14b-teacher"


def download(
    weights: Annotated[Weights, typer.Argument(help="What to fetch.")],
    folder: Annotated[Path | None, typer.Option(help="Where to; LIVETALK_HOME or ~/.cache/livetalk.")] = None,
    again: Annotated[bool, typer.Option("--verify", help="Hash what is here already once more.")] = False,
) -> None:
    """Fetch published weights: resumed where it broke off, verified against the hub's hashes, recorded."""
    sources, hub, shelf = SETS[weights.value], Hub(), DownloadCache(folder or default_folder())
    _show(sources)
    try:
        files = [file for source in sources for file in hub.list(source)]
    except OSError as error:
        raise ValueError(f"{error}: check the connection, or HF_ENDPOINT") from error
    missing = shelf.missing(files, again)
    size = shelf.room(missing)
    words = f"{len(missing)} of {len(files)} files to fetch, {size / 1e9:.2f} GB, to {shelf.folder}"
    out.print(words, markup=False)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=sum(file.size for file in missing))
        for file in missing:
            bar.update(task, description=Path(file.path).name)
            hub.fetch(file, shelf.folder, lambda came: bar.advance(task, came))
            shelf.note(file)
    out.print(f"all {len(files)} files are here and verified ({shelf.record})", markup=False)


def _show(sources: tuple[Source, ...]) -> None:
    for source in sources:
        out.print(f"{source.repo}: licence {source.licence}", markup=False)
        if source.note:
            out.print(f"  {source.note}", markup=False)
