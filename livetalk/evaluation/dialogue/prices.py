"""Prices of clip makers, as published on a day: what a run will cost is said before it begins.

They change; `--price MODEL=DOLLARS` replaces one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ClipPrice:
    """US dollars for a second of video with sound, 720p, and the month in which that was published or last seen."""

    a_second: float
    seen: str

    def __str__(self) -> str:
        return f"{self.a_second:g} a second, {self.seen}"


PRICES: Mapping[str, ClipPrice] = {
    "veo-3.0-generate-001": ClipPrice(0.40, "2025-09"),
    "veo-3.0-fast-generate-001": ClipPrice(0.15, "2025-09"),
    "veo-3.1-generate-preview": ClipPrice(0.40, "2026-03"),
    "veo-3.1-fast-generate-preview": ClipPrice(0.15, "2026-03"),
    "veo-3.1-generate-001": ClipPrice(0.40, "2026-03"),
    "veo-3.1-fast-generate-001": ClipPrice(0.15, "2026-03"),
    "sora-2": ClipPrice(0.10, "2025-10"),
    "sora-2-pro": ClipPrice(0.30, "2025-10"),
}


def given_prices(words: Sequence[str]) -> dict[str, ClipPrice]:
    """Prices as a person gives them, MODEL=DOLLARS a second. Raises ValueError for anything else."""
    found: dict[str, ClipPrice] = {}
    for word in words:
        model, _, price = word.partition("=")
        try:
            found[model] = ClipPrice(float(price), "given")
        except ValueError:
            raise ValueError(f"--price {word!r} is no price: give MODEL=DOLLARS, of a second of video") from None
        if not model or not 0 <= found[model].a_second < 1000:
            raise ValueError(f"--price {word!r} is no price: give MODEL=DOLLARS, of a second of video")
    return found


def price_of(model: str, given: Mapping[str, ClipPrice]) -> ClipPrice:
    """Of a model. Raises ValueError, with what to do, where none is known."""
    found = given.get(model) or PRICES.get(model)
    if found is None:
        raise ValueError(f"the price of {model} is not known here: give it with --price {model}=DOLLARS a second")
    return found
