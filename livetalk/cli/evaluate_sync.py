"""`livetalk evaluate sync`: how well lips follow speech, by the bundled expert or by SyncNet."""

import json as to_json
from pathlib import Path
from typing import Annotated

import typer

from livetalk.cli.console import out as console
from livetalk.cli.console import progress
from livetalk.cli.options import with_options
from livetalk.cli.outputs import write_text
from livetalk.evaluation.sync.options import SyncOptions
from livetalk.media.files import claim


@with_options
def sync(
    videos: Annotated[list[Path], typer.Argument(help="Videos with sound, and folders of them.")],
    options: SyncOptions,
    json: Annotated[Path | None, typer.Option(help="Write the figures, and those of each clip, here.")] = None,
) -> None:
    """How well lips follow speech: by the bundled expert, or by SyncNet where its weights are given."""
    from livetalk.evaluation.clip_files import clips_of
    from livetalk.evaluation.sync.measure import figures, measure_clips

    clips = clips_of(videos)
    if json is not None:
        claim(json, [clip.path for clip in clips])
    with progress() as bar:
        task = bar.add_task("lip sync", total=len(clips))
        found = measure_clips(clips, options, lambda: bar.advance(task))
    means = figures(found, options)
    for name, estimate in means.items():
        console.print(f"{name:24} {estimate}", markup=False)
    console.print(options.finder_in_words, markup=False)
    if json is not None:
        document = {
            "faces": options.finder,
            "figures": {name: estimate.document() for name, estimate in means.items()},
            "clips": [clip.document() for clip in found],
        }
        write_text(to_json.dumps(document, indent=1) + "\n", json)
