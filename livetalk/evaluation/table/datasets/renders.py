"""Held-out renders as a data set: people, voices and sentences of seeds that nothing was trained on, with their truth.

Needs the `data` extra and comes with the package; the voices are the bundled ones, or a shelf of held-out speech.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from livetalk.data.clips import CLIP_FRAMES, Renderer, render_clip
from livetalk.data.speech import SpeechDataset
from livetalk.evaluation.metrics import held_out
from livetalk.evaluation.table.cases import PORTRAIT, SPEECH, TRUTH, CaseFacts, write_picture
from livetalk.geometry import FRAME_RATE
from livetalk.media.video import Mp4Writer
from livetalk.media.wav import write_wav
from livetalk.presets import TINY


class RenderSource:
    """The first held-out seeds as a `CaseSource`. shelf: of held-out speech; None takes the bundled recordings."""

    name, title, shows_people = "renders", "Held-out renders", False

    def __init__(self, clips: int, shelf: Path | None = None) -> None:
        self.wanted, self.shelf = clips, shelf

    @property
    def protocol(self) -> str:
        seeds, size = held_out.seeds(self.wanted), TINY.geometry.size
        voices = "the bundled voices" if self.shelf is None else f"voices of {self.shelf.name}"
        return (
            f"seeds {seeds.start} to {seeds.stop - 1}, {CLIP_FRAMES} frames at {FRAME_RATE}, {size} x {size}, {voices}"
        )

    def drawn(self) -> Sequence[str]:
        return [str(seed) for seed in held_out.seeds(self.wanted)]

    def write(self, name: str, folder: Path) -> CaseFacts:
        with held_out.shelf_folder(self.shelf) as shelf:
            clip = render_clip(int(name), SpeechDataset(shelf), self._renderer)
        size = TINY.geometry.size
        write_picture(folder / PORTRAIT, clip.frames[0])
        write_wav(folder / SPEECH, clip.audio)
        with Mp4Writer(folder / TRUTH, size=(size, size)) as writer:
            writer.write_frames(clip.frames)
            writer.write_audio(clip.audio)
        return CaseFacts(clip.truth["prompt"], len(clip.frames) / FRAME_RATE)

    @cached_property
    def _renderer(self) -> Renderer:
        from livetalk.data.heads.renderer import HeadRenderer

        return HeadRenderer(TINY.geometry.size)
