"""Options of the sync measures. Plain values: importing this loads no library."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from livetalk.options import Option


@dataclass(frozen=True)
class SyncOptions:
    """How lip sync is measured: by the bundled expert, or by SyncNet where its weights are given."""

    syncnet: Annotated[
        Path | None,
        Option(
            "SyncNet's weights (syncnet_v2.model): its published Sync-C and Sync-D instead of the expert's figures."
        ),
    ] = None
    seconds: Annotated[float | None, Option("Of each clip, from its start; all of it without this.", min=2.0)] = None
    jpeg: Annotated[bool, Option("Pass frames through JPEG before SyncNet, as the published scripts do.")] = False
    min_track: Annotated[int, Option("Frames (at 25 a second) that SyncNet must follow a face for.", min=6)] = 50
    expert: Annotated[Path | None, Option("Weights of another expert, as scripts/train_sync_expert writes them.")] = (
        None
    )
