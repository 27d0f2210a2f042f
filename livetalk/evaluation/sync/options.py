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
    s3fd: Annotated[
        Path | None,
        Option("S3FD's weights (sfd_face.pth): it finds SyncNet's faces, as in the published scripts, not MediaPipe."),
    ] = None
    seconds: Annotated[float | None, Option("Of each clip, from its start; all of it without this.", min=2.0)] = None
    jpeg: Annotated[bool, Option("Pass frames through JPEG before SyncNet, as the published scripts do.")] = False
    min_track: Annotated[
        int, Option("SyncNet measures a face found in more frames (25 a second) than these.", min=6)
    ] = 50
    expert: Annotated[Path | None, Option("Weights of another expert, as scripts/train_sync_expert writes them.")] = (
        None
    )

    def __post_init__(self) -> None:
        if self.s3fd is not None and self.syncnet is None:
            raise ValueError(
                "S3FD finds faces for SyncNet only: give SyncNet's weights, too (--syncnet; --sync-syncnet of a table)"
            )

    @property
    def finder(self) -> str:
        """Who finds faces."""
        return "MediaPipe" if self.s3fd is None else "S3FD"

    @property
    def finder_in_words(self) -> str:
        """A sentence for whoever reads the figures: SyncNet's depend on who finds faces."""
        if self.syncnet is None:
            return f"faces found by {self.finder}"
        if self.s3fd is None:
            return f"faces found by {self.finder}, the light default, not by S3FD as in SyncNet's published scripts"
        return f"faces found by {self.finder}, as in SyncNet's published scripts"
