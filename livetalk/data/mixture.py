"""The mixture of a pool: which shards hold puppets, and which process draws which shards.

A shard's number decides what it holds, so that a pool of any size gives the same shards. A process draws puppets or
rendered heads, never both; of rendered heads a share may look photographed.
"""

from collections.abc import Iterator
from itertools import count
from math import floor


def holds_puppets(number: int, mix: float) -> bool:
    """True if shard `number` is drawn from puppets; of any n shards in a row, n * mix are, to within one."""
    return floor((number + 1) * mix) > floor(number * mix)


def looks_photographed(number: int, mix: float, share: float) -> bool:
    """True if shard `number`, one of rendered heads, holds ones that look photographed; `share` of those shards do."""
    place = number - floor(number * mix)  # among the shards of rendered heads
    return floor((place + 1) * share) > floor(place * share)


def puppet_processes(processes: int, mix: float) -> int:
    """How many of the processes draw puppets. Raises ValueError where both kinds are asked of a single process."""
    if not 0 <= mix <= 1:
        raise ValueError(f"a mix of {mix:g} is not a share: give 0 (rendered heads only) to 1 (puppets only)")
    if 0 < mix < 1 and processes < 2:
        raise ValueError("a mixture needs a process for each kind: give 2 processes or more, or a mix of 0 or 1")
    return round(mix) if processes == 1 else min(max(round(processes * mix), mix > 0), processes - (mix < 1))


def numbers(place: int, processes: int, mix: float, first: int, shards: int | None) -> Iterator[int]:
    """Numbers of the shards that process `place` draws, of those from `first` on: every one of its kind in turn."""
    puppets = puppet_processes(processes, mix)
    mine = place < puppets
    turn, turns = (place, puppets) if mine else (place - puppets, processes - puppets)
    met = 0
    for number in count(first) if shards is None else range(first, first + shards):
        if holds_puppets(number, mix) == mine:
            if met % turns == turn:
                yield number
            met += 1
