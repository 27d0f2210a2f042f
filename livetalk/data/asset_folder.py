"""The folder of free pictures, meshes and films that puppets and photographed-looking heads are made from.

None of its files belongs to the repository. A table of their names, sources, licences and hashes does, so that a folder
that a person has put together can be checked. Does not know: what the files are used for.
"""

import csv
import hashlib
import lzma
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path

DIGITS = 16  # of a file's sha256 in the table
TABLE = "assets/asset_folder.csv.xz"


@dataclass(frozen=True)
class AssetFile:
    path: str  # within the folder
    source: str  # a public repository or collection
    licence: str
    sha256: str  # its first DIGITS

    @property
    def group(self) -> str:
        """The part of the folder that is used, or left out, as a whole."""
        first, *rest = self.path.split("/")
        return f"{first}/{rest[0]}" if first == "scans" else first


@dataclass(frozen=True)
class GroupCheck:
    """Check of one group of files in a folder."""

    name: str
    sources: tuple[str, ...]
    licences: tuple[str, ...]
    total: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def complete(self) -> bool:
        return not self.missing and not self.changed

    def line(self) -> str:
        """The finding for a person to read."""
        if self.complete:
            return f"{self.name}: all {self.total} files are there"
        parts = []
        if self.missing:
            parts.append(f"{len(self.missing)} of {self.total} files are missing ({_named(self.missing)})")
        if self.changed:
            parts.append(f"{len(self.changed)} differ from the documented ones ({_named(self.changed)})")
        return f"{self.name}: {'; '.join(parts)}; they come from {', '.join(self.sources)} ({'; '.join(self.licences)})"


@cache
def documented_files() -> tuple[AssetFile, ...]:
    """Every file that the folder should hold."""
    packed = files("livetalk.data").joinpath(TABLE).read_bytes()
    return tuple(AssetFile(*row) for row in csv.reader(StringIO(lzma.decompress(packed).decode())))


def check_folder(folder: Path, documented: Iterable[AssetFile] | None = None) -> Iterator[GroupCheck]:
    """Compares a folder with the table, group by group. Raises ValueError if there is no such folder."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: give the one that the assets were put into")
    groups: dict[str, list[AssetFile]] = {}
    for file in documented_files() if documented is None else documented:
        groups.setdefault(file.group, []).append(file)
    for name, group in sorted(groups.items()):
        missing = tuple(file.path for file in group if not (folder / file.path).is_file())
        there = [file for file in group if file.path not in set(missing)]
        yield GroupCheck(
            name,
            sources=tuple(dict.fromkeys(file.source for file in group)),
            licences=tuple(dict.fromkeys(file.licence for file in group)),
            total=len(group),
            missing=missing,
            changed=tuple(file.path for file in there if digest(folder / file.path) != file.sha256),
        )


def digest(path: Path) -> str:
    """The beginning of a file's sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]


def _named(paths: tuple[str, ...]) -> str:
    return ", ".join(paths[:3]) + (", ..." if len(paths) > 3 else "")
