"""Packing of photographs into one small file of fitted portraits.

Every fit, and every failure, is kept beside the file: a call that was stopped goes on where it was, and other filters
cost nothing. Does not know: the command line.
"""

import hashlib
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from livetalk.data.portrait_parts import PICTURES
from livetalk.data.puppets.filters import reasons
from livetalk.data.puppets.fit import Fit, FitReport, Fitter
from livetalk.data.puppets.options import PackOptions
from livetalk.data.puppets.portraits import Portraits, open_portraits
from livetalk.data.puppets.selection import BROAD, Looks, features, looks_of, varied_order
from livetalk.media.files import existing, part_of, written

VERSION = 2  # of the fit: what older code made is made anew


@dataclass(frozen=True)
class PackReport:
    """Report of a pack: what became of a folder's photographs."""

    looked_at: int
    usable: int
    packed: int
    bytes: int
    refused: dict[str, int]  # by what speaks against training on it; one photograph may have several reasons
    unfitted: dict[str, str]  # by file name: what was wrong
    residual: float  # median over the packed portraits of `FittedPortrait.residual`
    broad_smiles: float  # share of the packed

    def lines(self) -> list[str]:
        """The report for a person to read."""
        said = [
            f"{self.packed} of {self.looked_at} portraits packed, {self.bytes / 1e6:.1f} MB; {self.usable} are usable, "
            f"{100 * self.broad_smiles:.0f} % of the packed smile broadly; median residual {self.residual:.2f} px"
        ]
        if self.refused:
            said.append("against training: " + ", ".join(f"{count} {reason}" for reason, count in self.refused.items()))
        return said + [f"not fitted: {why}" for why in self.unfitted.values()]


class FitCache:
    """Fits of photographs in a folder, by the photograph's contents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with written(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def place(self, photograph: Path) -> Path:
        """Where the fit of a photograph lies, without suffix."""
        contents = hashlib.sha256(photograph.read_bytes() + bytes([VERSION])).hexdigest()[:16]
        return self.folder / f"{photograph.stem}_{contents}"

    def has(self, photograph: Path) -> bool:
        return self.place(photograph).with_suffix(".json").exists()

    def keep(self, photograph: Path, outcome: Fit | str) -> None:
        """A fit, or the sentence that says why there is none."""
        place = self.place(photograph)
        if isinstance(outcome, Fit):
            Portraits.of(outcome.portrait).save(place.with_suffix(".npz"))
        said = {"error": outcome} if isinstance(outcome, str) else asdict(outcome.report)
        note = place.with_suffix(".json")
        part_of(note).write_text(json.dumps(said))
        part_of(note).replace(note)

    def fit(self, photograph: Path) -> Fit | str:
        place = self.place(photograph)
        said = json.loads(place.with_suffix(".json").read_text())
        if "error" in said:
            return str(said["error"])
        return Fit(open_portraits(place.with_suffix(".npz"))[0], FitReport(**said))

    def stored(self, photograph: Path) -> Portraits:
        return open_portraits(self.place(photograph).with_suffix(".npz"))


def photographs_of(folder: Path) -> list[Path]:
    """The picture files of a folder, by name. Raises ValueError if there are none."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: give the folder that holds the portraits")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    if not found:
        raise ValueError(f"{folder} holds no picture files: portraits end in {', '.join(PICTURES)}")
    return found


def listed_names(path: Path) -> frozenset[str]:
    """The photographs that a list names, one a line, without suffixes."""
    lines = existing(path, "list of held-out portraits").read_text().splitlines()
    return frozenset(Path(line.strip()).stem for line in lines if line.strip())


def fit_all(photographs: Iterable[Path], cache: FitCache, processes: int) -> Iterator[Path]:
    """Fits what the cache lacks; tells of each photograph when it is done."""
    missing = []
    for photograph in photographs:
        if cache.has(photograph):
            yield photograph
        else:
            missing.append(photograph)
    if processes > 1 and len(missing) > 1:
        with multiprocessing.get_context("spawn").Pool(processes, _begin, (cache.folder,)) as pool:
            yield from pool.imap_unordered(_fitted_here, missing)
    elif missing:
        with Fitter() as fitter:
            for photograph in missing:
                cache.keep(photograph, _outcome(fitter, photograph))
                yield photograph


def _outcome(fitter: Fitter, photograph: Path) -> Fit | str:
    try:
        return fitter.fit_file(photograph)
    except ValueError as error:
        return str(error)


_here: tuple[Fitter, FitCache] | None = None  # of a worker process


def _begin(folder: Path) -> None:
    global _here
    _here = (Fitter(), FitCache(folder))


def _fitted_here(photograph: Path) -> Path:
    assert _here is not None
    fitter, cache = _here
    cache.keep(photograph, _outcome(fitter, photograph))
    return photograph


def pack(photographs: Iterable[Path], cache: FitCache, out: Path, options: PackOptions) -> PackReport:
    """Chooses among fitted photographs and writes the file. Raises ValueError if none is usable."""
    refused: Counter[str] = Counter()
    unfitted: dict[str, str] = {}
    usable: list[tuple[Path, Looks, float]] = []
    total = 0
    for photograph in photographs:
        total += 1
        fit = cache.fit(photograph)
        if isinstance(fit, str):
            unfitted[photograph.name] = fit
            continue
        why = reasons(fit)
        refused.update(why)
        if options.held_out or not why:
            usable.append((photograph, looks_of(fit.portrait), fit.portrait.residual))
    if not usable:
        raise ValueError(f"none of {total} photographs can be used: {_listed(refused, unfitted)}")
    smiles = np.array([look.smile for _, look, _ in usable])
    share = 1.0 if options.held_out else options.broad_smiles
    order = varied_order(features([look for _, look, _ in usable]), smiles, share)[: options.limit]
    parts = [cache.stored(usable[k][0]) for k in order]
    kept = int(np.searchsorted(np.cumsum([part.size(0) for part in parts]), 1e6 * options.max_mb, side="right"))
    if kept == 0:
        raise ValueError(
            f"{options.max_mb:g} MB are too few for one portrait: it takes {parts[0].size(0) / 1e3:.0f} kB"
        )
    Portraits.joined(parts[:kept]).marked(options.held_out).save(out)
    return PackReport(
        looked_at=total,
        usable=len(usable),
        packed=kept,
        bytes=out.stat().st_size,
        refused=dict(refused.most_common()),
        unfitted=unfitted,
        residual=float(np.median([usable[k][2] for k in order[:kept]])),
        broad_smiles=float((smiles[order[:kept]] >= BROAD).mean()),
    )


def _listed(refused: Counter[str], unfitted: dict[str, str]) -> str:
    said = [f"{count} {reason}" for reason, count in refused.most_common()]
    return ", ".join([*said, *([f"{len(unfitted)} without one clear face"] if unfitted else [])]) or "there are none"
