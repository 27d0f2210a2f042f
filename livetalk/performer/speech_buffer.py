"""Speech buffer of a session: holds pending speech, resampled as it comes, and hands it out block by block.

A block takes what waits, or silence; its feature rows hear the sound that was really laid down before it, and a
look-ahead of what waits behind it. So rows do not depend on how speech was cut into pieces. The model hears speech at
the level of training (`conditions.gain`), people as it came. Knows samples and windows; neither clocks nor frames.
"""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from livetalk.conditions.gain import GainControl
from livetalk.conditions.speech_wav2vec2 import WindowedSpeech
from livetalk.conditions.windows import RowEncoder, SpeechWindows

LONGEST_WAIT = 600.0  # seconds of speech that may wait; more is refused, so that nothing grows without bound
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
LOUDEST = 100.0  # decoders overshoot 1 a little; what is far louder is of another scale, and its power may overflow
MOST_LATENTS = 1023  # whole blocks within the published table of 1,024 absolute positions


@dataclass(frozen=True)
class BlockAudio:
    """Audio of a block: feature rows of its frames, and the samples under them."""

    rows: Float[Tensor, "t a"]
    audio: Float32[np.ndarray, " n"]
    speaking: bool
    taken: int = 0  # samples of waiting speech that it took
    begins: int = 0  # samples of the block before these
    levelled: Float32[np.ndarray, " n"] | None = None  # the samples as the model hears them; None: as they are

    @property
    def modelled(self) -> Float32[np.ndarray, " n"]:
        """The samples as the model hears them."""
        return self.audio if self.levelled is None else self.levelled


class SpeechBuffer:
    """See the module docstring. Not thread-safe."""

    def __init__(self, windows: SpeechWindows, encoder: RowEncoder) -> None:
        self.windows, self.encoder = windows, encoder
        g = windows.geometry
        self._block = g.samples_before(g.frames_per_block)
        # What the model heard before the block to come: as much as a window reaches back from the end of its block.
        self.history = np.zeros(windows.past_samples + self._block, np.float32)
        self._waiting: deque[np.ndarray] = deque()
        self.pending = 0  # samples
        self.ended = True  # nothing more of this utterance will come
        self._gain = GainControl()
        self._resampler: tuple[int, av.AudioResampler] | None = None

    def ready(self, frames: int) -> bool:
        """True if the buffer holds all that a block of so many frames needs, look-ahead included."""
        wanted = self.windows.geometry.samples_before(frames) + self.windows.lookahead_samples
        return self.pending > 0 and (self.ended or self.pending >= wanted)

    def push(self, samples: Float[np.ndarray, " n"], rate: int) -> None:
        """Take the next piece of speech: mono floats [n] in [-1, 1] at `rate` Hz.

        Raises ValueError for sound that is not mono, not finite, of another scale or of an odd rate, and when too
        much waits; nothing has changed then.
        """
        samples = np.asarray(samples)
        if samples.ndim != 1 or samples.dtype.kind != "f":
            raise ValueError(f"speech must be one axis of floats, not {samples.dtype} of shape {samples.shape}")
        if not LOWEST_RATE <= rate <= HIGHEST_RATE or rate != int(rate):
            raise ValueError(f"speech of {rate} Hz cannot be used: give {LOWEST_RATE} to {HIGHEST_RATE} Hz")
        if not np.isfinite(samples).all():
            raise ValueError("speech holds NaN or infinite samples: drop or repair them before pushing")
        if np.abs(samples).max(initial=0) > LOUDEST:
            raise ValueError("speech must be float samples in [-1, 1]: divide 16-bit samples by 32768")
        g = self.windows.geometry
        if self.pending / g.sample_rate + len(samples) / rate > LONGEST_WAIT:
            raise ValueError(f"more than {LONGEST_WAIT:.0f} s of speech wait: push it later")
        self.ended = False
        self._add(self._resampled(samples.astype(np.float32), int(rate)))

    def end(self) -> None:
        """The utterance is over: what waits is all there is."""
        self._add(self._drained())
        self._gain.end()
        self.ended = True

    def clear(self) -> None:
        """Drop what waits."""
        self._resampler = None
        self._waiting.clear()
        self._gain.drop()
        self.pending, self.ended = 0, True

    def next(self, frames: int, mute: bool = False) -> BlockAudio:
        """Audio of the next block of `frames` frames: pending speech (none of it if `mute`), then silence."""
        nothing, size = np.zeros(0, np.float32), self.windows.geometry.samples_before(frames)
        return self._heard(self.history, nothing, nothing, self._take(0 if mute else size), size)

    def joining(
        self, past: np.ndarray, before: np.ndarray, frames: int, modelled: np.ndarray | None = None
    ) -> BlockAudio:
        """Audio of a block of `frames` frames whose first samples have been heard already; pending speech follows.

        modelled: those samples as the model heard them, if otherwise than people did.
        """
        size = self.windows.geometry.samples_before(frames)
        return self._heard(past, before, before if modelled is None else modelled, self._take(size - len(before)), size)

    def _heard(
        self, past: np.ndarray, before: np.ndarray, modelled: np.ndarray, taken: np.ndarray, size: int
    ) -> BlockAudio:
        """A block of `size` samples after `past`: what was heard of it `before`, what was `taken`, then silence."""
        spoken = len(before) + len(taken)
        rest = np.zeros(size - spoken, np.float32)
        ahead = self._peek(self.windows.lookahead_samples) if spoken == size else rest[:0]
        place = self._gain.received - self.pending  # of what waits
        known = place + len(ahead)
        self._gain.forget(place - len(taken) - self._block)
        heard = self._gain.levelled(taken, place - len(taken), known)
        audio = np.concatenate([before, taken, rest])
        same = modelled is before and heard is taken
        block = audio if same else np.concatenate([modelled, heard, rest])
        rows = self.rows(past, block, self._gain.levelled(ahead, place, known))
        self.history = self.following(past, block)
        levelled = None if same else block
        return BlockAudio(rows, audio, len(taken) > 0, taken=len(taken), begins=len(before), levelled=levelled)

    def cut(self, past: np.ndarray, heard: BlockAudio, kept: int) -> BlockAudio:
        """What a block after `past` has been heard to say in its first `kept` samples, silence from there on."""
        audio, modelled = heard.audio.copy(), heard.modelled.copy()
        audio[kept:] = modelled[kept:] = 0
        levelled = None if heard.levelled is None else modelled
        return BlockAudio(self.rows(past, modelled, audio[:0]), audio, heard.speaking and kept > 0, levelled=levelled)

    def give_back(self, heard: BlockAudio) -> None:
        """Speech that was taken for a block that nobody will see waits again, before all else."""
        if heard.taken:
            self._waiting.appendleft(heard.audio[heard.begins : heard.begins + heard.taken])
            self.pending += heard.taken

    def reaching(self, past: Float32[np.ndarray, " m"]) -> np.ndarray:
        """A snapshot's past as far as windows reach: silence comes before it where the encoder of then heard less."""
        reach = len(self.history)
        return np.concatenate([np.zeros(max(0, reach - len(past)), np.float32), past])[-reach:]

    def following(self, past: Float32[np.ndarray, " m"], audio: Float32[np.ndarray, " n"]) -> np.ndarray:
        """The past after a block's sound."""
        return np.concatenate([past, audio])[-len(past) :]

    @torch.inference_mode()
    def rows(self, past: np.ndarray, audio: np.ndarray, ahead: np.ndarray) -> Float[Tensor, "t a"]:
        """Feature rows of a block's frames after `past`, with silence behind `ahead`."""
        g, room = self.windows.geometry, self.windows.lookahead_samples
        line = np.concatenate([past, audio, ahead, np.zeros(room - len(ahead), np.float32)])
        window = torch.from_numpy(line[-(self.windows.past_samples + self._block + room) :])
        return self.windows.rows(self.encoder, window, len(audio) // g.samples_per_frame)

    def _add(self, samples: np.ndarray) -> None:
        if len(samples):
            self._waiting.append(samples)
            self._gain.add(samples)
            self.pending += len(samples)

    def _take(self, most: int) -> np.ndarray:
        parts, missing = [], most
        while self._waiting and missing:
            piece = self._waiting.popleft()
            if len(piece) > missing:
                self._waiting.appendleft(piece[missing:])
                piece = piece[:missing]
            parts.append(piece)
            missing -= len(piece)
        self.pending -= most - missing
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _peek(self, most: int) -> np.ndarray:
        parts, missing = [], most
        for piece in self._waiting:
            if missing <= 0:
                break
            parts.append(piece[:missing])
            missing -= len(parts[-1])
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _resampled(self, samples: np.ndarray, rate: int) -> np.ndarray:
        if self._resampler is not None and self._resampler[0] != rate:
            self._add(self._drained())
        if rate == self.windows.geometry.sample_rate:
            return samples.copy()
        if self._resampler is None:
            made = av.AudioResampler("flt", "mono", self.windows.geometry.sample_rate)
            self._resampler = (rate, made)
        if not len(samples):
            return samples
        frame = av.AudioFrame.from_ndarray(samples[None], "flt", "mono")
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        return _joined(self._resampler[1].resample(frame))

    def _drained(self) -> np.ndarray:
        """What the resampler still holds; the next piece starts with a fresh one."""
        resampler, self._resampler = self._resampler, None
        return np.zeros(0, np.float32) if resampler is None else _joined(resampler[1].resample(None))


class ClipSpeechBuffer(SpeechBuffer):
    """A clip's sound heard as a whole, as the published script does: nothing is ready before all of it is there.

    The clip is filled up with silence to the end of its last latent frame and encoded once; blocks take their rows of
    it. (The published script stretches speech that is too short, which breaks the lips; this does not.) Offline only;
    a second utterance is refused.
    """

    def __init__(self, windows: SpeechWindows, encoder: WindowedSpeech) -> None:
        super().__init__(windows, encoder)
        self.clip = encoder
        self._rows: Float[Tensor, "t a"] | None = None
        self._given = 0  # rows

    def ready(self, frames: int) -> bool:
        return self.ended and self.pending > 0

    def push(self, samples: np.ndarray, rate: int) -> None:
        if self._rows is not None:
            raise ValueError("the clip has begun: as published, all of the speech comes first")
        super().push(samples, rate)

    def end(self) -> None:
        """Encode the clip. Raises ValueError if it is longer than the published positions reach."""
        super().end()
        if self._rows is None and self.pending:
            self._rows = self._encoded(self._peek(self.pending))

    def next(self, frames: int, mute: bool = False) -> BlockAudio:
        assert self._rows is not None, "a block was planned before the speech ended"
        assert not mute, "a clip is not interrupted"
        size = self.windows.geometry.samples_before(frames)
        taken = self._take(size)
        rows = self._rows[self._given : self._given + frames]
        self._given += frames
        audio = np.concatenate([taken, np.zeros(size - len(taken), np.float32)])
        self.history = self.following(self.history, audio)
        return BlockAudio(rows, audio, speaking=len(taken) > 0, taken=len(taken))

    @torch.inference_mode()
    def _encoded(self, speech: np.ndarray) -> Float[Tensor, "t a"]:
        g = self.windows.geometry
        # The last frame of f latent frames stands at the end of the sound: fewest blocks that reach it.
        blocks = g.blocks_of(1 + -(-len(speech) // g.samples_per_frame))
        latents = blocks * g.block_latents
        if latents > MOST_LATENTS:
            most = (g.frames_of(MOST_LATENTS) - 1) / g.frame_rate
            raise ValueError(f"the published positions end after {int(most)} s of speech: leave out --as-published")
        frames = g.frames_of(latents)
        audio = np.zeros(g.samples_before(frames - 1), np.float32)
        audio[: len(speech)] = speech
        device = next(self.clip.parameters()).device
        return self.clip.clip(torch.from_numpy(audio)[None].to(device), frames)[0]


def _joined(frames: list[av.AudioFrame]) -> np.ndarray:
    parts = [frame.to_ndarray()[0].astype(np.float32) for frame in frames]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
