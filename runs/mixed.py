"""Draws banks of encoded clips that differ in their share of puppets: python runs/mixed.py RUN SHARES CLIPS BANKS...

RUN/mix_SHARE/bank.pt for each of SHARES ("0 0.25 0.5"), all of the same number of clips, so that only what they show
differs. CLIPS 0: as many as every share can be made of. Prints how many.
"""

import sys
from pathlib import Path

import torch

from livetalk.recipes.distill.clips import LatentBuffer


def main(run: str, shares: str, clips: str, *banks: str) -> None:
    cpu = torch.device("cpu")
    torch.manual_seed(0)
    every = LatentBuffer.joined([LatentBuffer.load(Path(bank), cpu) for bank in banks])
    names = shares.split()
    count = int(clips) or every.enough([float(name) for name in names])
    for name in names:
        folder = Path(run) / f"mix_{name}"
        folder.mkdir(parents=True, exist_ok=True)
        every.mixed(float(name), count).save(folder / "bank.pt")
    sys.stdout.write(f"{count}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
