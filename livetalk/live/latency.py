"""Latency model of a machine: moving averages of what the two stages cost, and the deadlines that follow from them.

Does not know: sessions, or the clock. One model serves an engine and all of its sessions, which see the newest figures.

The shares of the averages follow from what a step consists of. The constants in front of them were raised until onsets
came in time (a lock that is held, the machine's other work); the notebook keeps no table of it.
"""

from dataclasses import dataclass

from livetalk.geometry import Geometry

SMOOTHING = 0.2  # weight of the newest measurement
MARGIN = 1.25  # a block is begun so many times its usual cost before it is due
LONGEST_LEAD = 2.0  # blocks: a machine that is too slow must not make ever more silence ahead of speech to come
HEADROOM = 0.8  # of real time that admission lets sessions use together
# A replacement is made with half of the steps (0.5) after the denoising step that is under way (a quarter, of four).
# When exactly it is asked for is chance: 0.7 is close to the mean, 0.8 holds for nearly all.
LIKELY_DENOISE, SURE_DENOISE = 0.7, 0.8
# The piece that is being decoded and one more, of three to a block.
REPLACEMENT_DECODE = 0.7
# Raised from 0.1 and 0.15 s: onsets came late now and then, and a late frame is seen, a twentieth of a second is not.
REPLACEMENT_SLACK = 0.22
# Without slack for luck: the bound asks whether a replacement could be there at all before what is there ends.
EARLIEST_SLACK = 0.05


@dataclass
class LatencyModel:
    """Moving averages of the seconds that a step of each stage takes while the other stage runs beside it."""

    geometry: Geometry
    denoise: float = 0.0
    decode: float = 0.0

    def note_denoise(self, seconds: float) -> None:
        self.denoise = _average(self.denoise, seconds)

    def note_decode(self, seconds: float) -> None:
        self.decode = _average(self.decode, seconds)

    def reset(self, denoise: float, decode: float) -> None:
        """Forget what was measured before: the first steps of a model are slower than all others."""
        self.denoise, self.decode = denoise, decode

    @property
    def lead(self) -> float:
        """Seconds before its time that a block must be begun."""
        return min(MARGIN * (self.denoise + self.decode), LONGEST_LEAD * self.geometry.block_seconds)

    @property
    def replacement(self) -> float:
        """Seconds from a request until frames are surely there in place of those that wait."""
        return REPLACEMENT_SLACK + LIKELY_DENOISE * self.denoise + REPLACEMENT_DECODE * self.decode

    @property
    def earliest_replacement(self) -> float:
        """Seconds from a request before which frames cannot be counted on while a block is being made."""
        return EARLIEST_SLACK + SURE_DENOISE * self.denoise + REPLACEMENT_DECODE * self.decode

    @property
    def piece_decode(self) -> float:
        """Seconds that decoding one latent frame takes."""
        return self.decode / self.geometry.block_latents

    @property
    def sessions(self) -> int:
        """Sessions that fit into real time; 0 if not even one does."""
        return int(HEADROOM * self.geometry.block_seconds / max(self.denoise, self.decode))

    def places(self, room: int | None) -> int:
        """Sessions that an engine holds: at least one, none that `room`, what memory holds, forbids."""
        return max(1, self.sessions if room is None else min(self.sessions, room))

    @property
    def leaves_time(self) -> bool:
        """Whether one session, both of its stages in turn, leaves a fifth of real time to whoever thinks and speaks."""
        return self.denoise + self.decode <= HEADROOM * self.geometry.block_seconds


def _average(before: float, seconds: float) -> float:
    return seconds if before == 0.0 else before + SMOOTHING * (seconds - before)
