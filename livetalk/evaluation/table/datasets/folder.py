"""Folder of films as a data set: each is a clip, the square in its middle is shown."""

from pathlib import Path

from livetalk.evaluation.clip_files import clip_files
from livetalk.evaluation.table.datasets.films import CutOptions, Film, FilmSource

CROPPING = "the largest square in the middle"


def source(folder: Path, options: CutOptions) -> FilmSource:
    """All films of a folder and its folders. Raises ValueError for a folder without any."""
    films = [Film(clip.name.replace("/", "_"), clip.path) for clip in clip_files(folder)]
    return FilmSource("folder", folder.resolve().name, CROPPING, films, options)
