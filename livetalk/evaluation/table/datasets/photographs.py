"""Data set of held-out photographs: each one is asked to talk, and no film of it exists.

Photographs, voices and scenes are those of `evaluation.photos`; of its three scenes each photograph has one, in turn.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from livetalk.conditions.portrait import load_portrait
from livetalk.data.clips import CLIP_FRAMES
from livetalk.evaluation.photos import takes
from livetalk.evaluation.photos.takes import SCENES, Take
from livetalk.evaluation.table.cases import PORTRAIT, SPEECH, CaseFacts, write_picture
from livetalk.geometry import FRAME_RATE
from livetalk.media.wav import write_wav


class PhotographSource:
    """Photographs of a folder as a `CaseSource`. voices: a folder of recordings; None takes the bundled ones."""

    name, title, shows_people = "photos", "Held-out photographs", True

    def __init__(self, folder: Path, clips: int, size: int, voices: Path | None = None) -> None:
        self.folder, self.wanted, self.size, self.voices = folder, clips, size, voices

    @property
    def protocol(self) -> str:
        voices = "the bundled voices" if self.voices is None else f"voices of {self.voices.name}"
        return (
            f"{self.wanted} photographs of {self.folder.resolve().name}, framed to {self.size} x {self.size},"
            f" {CLIP_FRAMES} frames at {FRAME_RATE}, {voices}; no truth"
        )

    def drawn(self) -> Sequence[str]:
        if len(self._takes) < self.wanted:
            raise ValueError(f"{self.folder} holds {len(self._takes)} photographs: give --clips {len(self._takes)}")
        return list(self._takes)

    def write(self, name: str, folder: Path) -> CaseFacts:
        take = self._takes[name]
        write_picture(folder / PORTRAIT, load_portrait(take.photo, self.size))
        write_wav(folder / SPEECH, take.said.audio)
        return CaseFacts(take.performance.prompt, CLIP_FRAMES / FRAME_RATE)

    @cached_property
    def _takes(self) -> Mapping[str, Take]:
        photos = takes.photographs(self.folder)
        every, scenes = takes.takes(photos, takes.windows(self.voices)), len(SCENES)
        chosen = [every[scenes * place + place % scenes] for place in range(len(photos))]
        return {f"{take.photo.stem}.{take.scene}": take for take in chosen}
