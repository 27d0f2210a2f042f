"""Augmentation of a photograph before it is drawn, so that a few hundred of them stand for many more.

A `Variation` is drawn from a generator and applied by pure functions. It puts the person before another background,
mirrors and lights anew (the renderer's work), then changes colours, sharpness and compression as cameras and files do.
All of it is done once a clip, to the photograph: what is drawn from it stays still where the photograph would.
"""

from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageFilter

from livetalk.data.puppets.cutout import before, whole_plate
from livetalk.data.puppets.fitted import SHOWN, FittedPortrait
from livetalk.geometry import LUMA

Background = Literal["own", "plain", "gradient", "backdrop", "view"]
_SHARES: dict[Background, float] = {"own": 0.22, "plain": 0.15, "gradient": 0.13, "backdrop": 0.5, "view": 0.0}
_SHARES_OF_VIEWS: dict[Background, float] = {"own": 0.2, "plain": 0.1, "gradient": 0.1, "backdrop": 0.25, "view": 0.35}
_GREY = np.array(LUMA, np.float32)

Picture = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class Variation:
    """The defaults change nothing. Lengths are pixels of a picture of 256."""

    mirrored: bool = False
    background: Background = "own"
    view: str = ""  # file of a background "view"
    key: tuple[float, float, float] = (
        0.0,
        0.0,
        0.0,
    )  # light added from there, camera space; its length is its strength
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)  # of that light
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)  # white balance and exposure
    gamma: float = 1.0
    saturation: float = 1.0  # 0: grey
    blur: float = 0.0  # radius
    grain: float = 0.0  # standard deviation, levels
    quality: int = 0  # of JPEG; 0: not compressed
    seed: int = 0  # of the background and the grain


PLAIN = Variation()


@dataclass(frozen=True)
class Dressed:
    """Photograph with a variation, as a puppet's renderer puts it on."""

    portrait: FittedPortrait
    variation: Variation = PLAIN


def sample_variation(rng: np.random.Generator, matted: bool, views: Path | None = None) -> Variation:
    """`views`: a folder of pictures for backgrounds. Portraits without a matte keep their own background."""
    shares = _SHARES if views is None else _SHARES_OF_VIEWS
    background: Background = list(shares)[int(rng.choice(len(shares), p=list(shares.values())))]
    view = str(_pick(picture_files(views), rng)) if views is not None else ""
    azimuth, height, strength = rng.uniform(-1.4, 1.4), rng.uniform(-0.2, 0.9), abs(rng.normal()) * 0.10
    way = np.array([np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height) - 0.5])
    warm = rng.normal() * 0.12
    exposure, warmth = np.exp(rng.normal() * 0.07), rng.normal() * 0.03
    coloured, softened, grained, squeezed = rng.random(4) < (0.6, 0.15, 0.3, 0.3)
    tones = exposure * np.array([1 + warmth, 1, 1 - warmth])
    gamma, saturation = float(np.exp(rng.normal() * 0.10)), float(rng.uniform(0.7, 1.25))
    return Variation(
        mirrored=bool(rng.random() < 0.5),
        background=background if matted else "own",
        view=view if matted and background == "view" else "",
        key=_triple(min(strength, 0.25) * way),
        tint=(1 + warm, 1.0, 1 - warm),
        gain=_triple(tones) if coloured else (1.0, 1.0, 1.0),
        gamma=gamma if coloured else 1.0,
        saturation=0.0 if rng.random() < 0.03 else saturation if coloured else 1.0,
        blur=float(rng.uniform(0.3, 0.9)) if softened else 0.0,
        grain=float(rng.uniform(1.0, 5.0)) if grained else 0.0,
        quality=int(rng.integers(40, 90)) if squeezed else 0,
        seed=int(rng.integers(2**31)),
    )


def _triple(values: Float[np.ndarray, "3"]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def varied(portrait: FittedPortrait, variation: Variation) -> FittedPortrait:
    """The portrait with its photograph and its background changed; `mirrored`, `key`, `tint` are the renderer's."""
    rng = np.random.default_rng(variation.seed)
    if variation.background != "own":
        portrait = before(portrait, background(portrait, variation, rng))
    elif portrait.matted:
        portrait = replace(portrait, plate=whole_plate(portrait))
    seen = [_developed(picture, variation, rng) for picture in (portrait.photograph, portrait.plate)]
    return replace(portrait, photograph=seen[0], plate=seen[1])


def background(portrait: FittedPortrait, variation: Variation, rng: np.random.Generator) -> Picture:
    side = portrait.side
    down, across = np.mgrid[:side, :side] / side
    if variation.background == "view":
        return _seen_view(variation.view, portrait, rng)
    if variation.background == "backdrop":
        from livetalk.data.heads import backdrop, sample_look

        small = Image.fromarray(
            backdrop.paint(sample_look(int(rng.integers(2**31))), side // 2)
        )  # it is blurred anyway
        return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))
    colour = rng.uniform(25, 235) * (1 + rng.normal(size=3) * 0.18)
    image = np.tile(colour, (side, side, 1))
    if variation.background == "gradient":
        other = colour * rng.uniform(0.35, 1.3) * (1 + rng.normal(size=3) * 0.08)
        angle = rng.uniform(0, 2 * np.pi)
        along = np.cos(angle) * (across - 0.5) + np.sin(angle) * (down - 0.5)
        round_ = np.hypot(across - rng.uniform(0.2, 0.8), down - rng.uniform(0.1, 0.7))
        share = np.clip(along + 0.5 if rng.random() < 0.5 else round_ * 1.2, 0, 1)[..., None]
        image = image + share * (other - image)
    image += rng.normal(size=(side, side, 1)) * 0.8
    return image.clip(0, 255).round().astype(np.uint8)


def _seen_view(path: str, portrait: FittedPortrait, rng: np.random.Generator) -> Picture:
    """A square part of a picture, out of focus, about as bright as the face."""
    with Image.open(path) as file:
        picture = file.convert("RGB")
    part = int(min(picture.size) * rng.uniform(0.6, 1.0))
    left, top = (int(rng.integers(0, full - part + 1)) for full in picture.size)
    side = portrait.side
    picture = picture.resize((side, side), Image.Resampling.BICUBIC, (left, top, left + part, top + part))
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(side * rng.uniform(0.004, 0.016))), np.float32)
    middle = portrait.photograph[side // 3 : 2 * side // 3, side // 3 : 2 * side // 3].mean()
    wanted = middle * rng.uniform(0.5, 1.0) / max(float(blurred.mean()), 1.0)
    return (blurred * np.clip(wanted, 0.4, 2.0)).clip(0, 255).round().astype(np.uint8)


def _developed(picture: Picture, variation: Variation, rng: np.random.Generator) -> Picture:
    """Tones, sharpness, grain and compression, in the order in which a camera adds them."""
    if (variation.gain, variation.gamma, variation.saturation) != ((1.0, 1.0, 1.0), 1.0, 1.0):
        value = (picture.astype(np.float32) / 255 * variation.gain).clip(0, 1) ** variation.gamma
        grey = (value @ _GREY)[..., None]
        picture = _levels(255 * (grey + variation.saturation * (value - grey)))
    scale = len(picture) * SHOWN / 256
    if variation.blur:
        picture = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(variation.blur * scale)))
    if variation.grain:
        picture = _grained(picture, variation.grain * max(scale, 1.0), rng)  # reducing takes it back
    if variation.quality:
        file = BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=variation.quality)
        picture = np.asarray(Image.open(file))
    return picture


def _grained(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    noise = rng.standard_normal((*picture.shape[:2], 4), np.float32)
    noise = noise[..., :1] + 0.4 * noise[..., 1:]
    return _levels(picture + strength * noise)


def _levels(value: Float[np.ndarray, "h w 3"]) -> Picture:
    return value.clip(0, 255).round().astype(np.uint8)


@cache
def picture_files(folder: Path) -> tuple[Path, ...]:
    """Raises ValueError where there are none."""
    found = tuple(sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")))
    if not found:
        raise ValueError(f"there are no pictures in {folder}: give a folder of backgrounds, or none")
    return found


def _pick(files: tuple[Path, ...], rng: np.random.Generator) -> Path:
    return files[int(rng.integers(len(files)))]
