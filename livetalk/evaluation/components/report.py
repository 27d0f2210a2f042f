"""Report of a component ablation: tables of figures, and a plot of long streams by their anchors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from livetalk.evaluation.components.streams import StreamPoint

FIGURES = ("lip_r_share", "pause_gap", "identity_median", "sharpness_share", "join_share", "outlines")
CURVES = {
    "identity": "distance to the portrait",
    "colour": "grey levels off",
    "motion": "motion over the start's",
    "lips": "r of the lips with the start's",
}
COLOURS = ("#c33", "#d80", "#393", "#36c", "#83b")
WIDTH, HEIGHT, MARGIN = 300, 190, 34

Curves = Mapping[int, Sequence[StreamPoint]]


@dataclass(frozen=True)
class ComponentReport:
    """Figures of a component ablation; None: not asked for.

    clips: figures of each variant by name, the whole system first. streams: points of each number of anchors, means
    over people. rates: frames a second.
    """

    clips: Mapping[str, Mapping[str, float]] | None
    streams: Curves | None
    rates: Mapping[str, float] | None

    def document(self) -> dict[str, object]:
        """As JSON holds it."""
        named = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        if self.streams is not None:
            named["streams"] = {str(n): [vars(point) for point in points] for n, points in self.streams.items()}
        return named


def mean_points(people: Sequence[Sequence[StreamPoint]]) -> list[StreamPoint]:
    """Mean over people of the points of their streams, which are of the same seconds."""
    return [StreamPoint(*(sum(values) / len(people) for values in zip(*map(_values, row), strict=True)))
            for row in zip(*people, strict=True)]  # fmt: skip


def _values(point: StreamPoint) -> list[float]:
    return [getattr(point, f.name) for f in fields(point)]


def markdown(report: ComponentReport) -> str:
    """Tables of what was measured."""
    parts = list[str]()
    if report.clips is not None:
        rows = [[name, *(f"{found.get(key, float('nan')):.3g}" for key in FIGURES)]
                for name, found in report.clips.items()]  # fmt: skip
        parts.append(_table(["variant", *(f"`{key}`" for key in FIGURES)], rows))
    if report.streams is not None:
        rows = [
            [f"{n} anchors, after {points[-1].second:.0f} s", *(f"{getattr(points[-1], key):.3g}" for key in CURVES)]
            for n, points in report.streams.items()
        ]
        parts.append(_table(["stream", *CURVES.values()], rows))
    if report.rates is not None:
        rows = [[f"decoding {name} denoising", f"{rate:.1f}"] for name, rate in report.rates.items()]
        parts.append(_table(["stages", "frames/s"], rows))
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def svg(curves: Curves) -> str:
    """Plot of the streams: a panel a figure, a line a number of anchors."""
    size = f'width="{len(CURVES) * WIDTH}" height="{HEIGHT}"'
    panels = (f'<g transform="translate({place * WIDTH} 0)">{"".join(_panel(key, curves))}</g>'
              for place, key in enumerate(CURVES))  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
        f'<rect {size} fill="white"/>{"".join(panels)}</svg>\n'
    )


def _panel(key: str, curves: Curves) -> Iterator[str]:
    end = max(points[-1].second for points in curves.values()) or 1
    top = 1.15 * max(getattr(point, key) for points in curves.values() for point in points) or 1
    yield f'<text x="{MARGIN}" y="16" font-weight="bold">{CURVES[key]}</text>'
    yield f'<text x="2" y="{MARGIN}" fill="#777">{top:.2g}</text>'
    yield f'<text x="{WIDTH - 2 * MARGIN}" y="{HEIGHT - 8}" fill="#777">{end:.0f} s</text>'
    for place, (anchors, points) in enumerate(curves.items()):
        colour = COLOURS[place % len(COLOURS)]
        path = " ".join(
            f"{MARGIN + point.second / end * (WIDTH - 2 * MARGIN):.1f},"
            f"{HEIGHT - 22 - max(0.0, getattr(point, key)) / top * (HEIGHT - 22 - MARGIN):.1f}"
            for point in points
        )
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield f'<text x="{MARGIN + 40 * place}" y="{HEIGHT - 8}" fill="{colour}">{anchors}</text>'
