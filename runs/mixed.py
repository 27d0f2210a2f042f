"""Draws a bank of encoded clips with a share of puppets from others: python runs/mixed.py OUT SHARE CLIPS BANKS...

The same number of clips for every share, so that only what they show differs.
"""

import sys
from pathlib import Path

import torch

from livetalk.recipes.distill.clips import LatentBuffer


def main(out: str, share: str, clips: str, *banks: str) -> None:
    cpu = torch.device("cpu")
    torch.manual_seed(0)
    each = int(clips) // len(banks)
    parts = [LatentBuffer.load(Path(bank), cpu).mixed(float(share), each) for bank in banks]
    LatentBuffer.joined(parts).save(Path(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
