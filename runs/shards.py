"""Renders shards of training clips at any size: python runs/shards.py FEATURES FOLDER CLIPS SIZE [FIRST_SEED]."""

import sys
from functools import partial

from livetalk.data.heads import HeadRenderer
from livetalk.data.pool import ClipPool, PoolConfig

CLIPS = 4  # in a shard
PROCESSES = 2


def renderer(device: int, size: int) -> HeadRenderer:
    return HeadRenderer(size, device=device)


def main(features: str, folder: str, clips: int, size: int, first_seed: int = 0) -> None:
    shards = -(-clips // CLIPS)
    config = PoolConfig(
        folder,
        features,
        processes=PROCESSES,
        clips=CLIPS,
        most=max(shards, PROCESSES),
        shards=shards,
        first_seed=first_seed,
    )
    with ClipPool(config, partial(renderer, size=size)) as pool:
        for _ in pool.shards():
            pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(number) for number in sys.argv[3:]))
