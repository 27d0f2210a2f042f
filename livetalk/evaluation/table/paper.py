"""Figures of the paper (arXiv:2512.23576, table 1), to be shown beside a table and never ranked with it.

As published: 100 random clips of 5 s of each data set at 512 x 512, one GPU that is not named, FID and FVD by scripts
that are not public. IQA and ASE are Q-Align's, sync figures SyncNet's.
"""

from dataclasses import dataclass

NOTE = "as published, another protocol"
COLUMNS = ("FPS", "first frame s", "FID", "FVD", "Sync-C", "Sync-D", "IQA", "ASE")

Numbers = tuple[float | None, ...]
"""One a column; None where the paper has none."""


@dataclass(frozen=True)
class PublishedRow:
    """A row of the paper's table."""

    system: str
    numbers: Numbers


_SPEEDS: dict[str, tuple[float | None, float | None]] = {  # frames a second and latency, once for all data sets
    "ground truth": (None, None),
    "AniPortrait (2.5B)": (0.38, 211.77),
    "Hallo3 (5B)": (0.21, 589.69),
    "FantasyTalking (14B)": (0.35, 232.06),
    "OmniAvatar-14B": (0.20, 412.50),
    "OmniAvatar-1.3B": (0.97, 83.44),
    "LiveTalk (1.3B)": (24.82, 0.33),
}

_QUALITY: dict[str, tuple[Numbers, ...]] = {  # by data set, in the order of the systems
    "hdtf": (
        (None, None, 8.06, 7.31, 4.20, 2.56),
        (21.41, 323.08, 1.17, 13.32, 4.03, 2.40),
        (23.18, 290.05, 6.01, 9.34, 3.54, 2.02),
        (24.54, 488.53, 2.92, 12.21, 3.78, 2.14),
        (8.82, 151.30, 6.29, 9.16, 3.91, 2.30),
        (10.85, 187.46, 3.85, 11.38, 3.87, 2.25),
        (13.68, 190.07, 4.50, 11.00, 4.13, 2.52),
    ),
    "avspeech": (
        (None, None, 5.83, 8.19, 4.11, 2.50),
        (32.14, 553.27, 0.84, 12.86, 4.07, 2.49),
        (32.88, 502.05, 5.10, 9.50, 3.49, 1.99),
        (33.08, 509.56, 2.16, 11.72, 3.68, 2.15),
        (31.21, 450.09, 5.18, 9.17, 3.77, 2.25),
        (31.55, 483.94, 3.16, 10.91, 3.70, 2.18),
        (33.96, 486.77, 3.71, 10.79, 4.08, 2.50),
    ),
    "celebvhq": (
        (None, None, 5.36, 8.13, 4.31, 2.82),
        (23.87, 427.43, 1.14, 12.07, 4.24, 2.79),
        (27.15, 432.18, 4.65, 9.20, 3.77, 2.35),
        (26.87, 454.98, 2.48, 10.95, 3.93, 2.46),
        (21.25, 406.78, 4.81, 8.85, 4.03, 2.59),
        (22.28, 382.35, 3.09, 10.40, 3.98, 2.52),
        (25.37, 437.97, 3.78, 10.08, 4.29, 2.79),
    ),
}


def published_rows(data: str) -> list[PublishedRow]:
    """The paper's rows of a data set; none of one that it does not have."""
    quality = _QUALITY.get(data)
    if quality is None:
        return []
    return [
        PublishedRow(system, (*speed, *numbers))
        for (system, speed), numbers in zip(_SPEEDS.items(), quality, strict=True)
    ]
