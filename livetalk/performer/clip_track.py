"""A clip's sound heard as a whole, as the published script does: nothing is ready before all of the speech is there.

The clip is filled up with silence to the end of its last latent frame and encoded once; blocks take their rows of it.
(The published script stretches speech that is too short, which breaks the lips; this does not.) Offline only.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from livetalk.conditions.speech_wav2vec2 import WindowedSpeech
from livetalk.conditions.windows import SpeechWindows
from livetalk.performer.speech_buffer import BlockAudio, SpeechBuffer

MOST_LATENTS = 1023  # whole blocks within the published table of 1,024 absolute positions


class ClipSpeechBuffer(SpeechBuffer):
    """See the module docstring. One utterance; a second one is refused."""

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
