"""Looks: a person and the light on them as frozen data, sampled from a seed.

`sample_look(seed)` gives a person (shape, skin, hair, eyes), clothes, glasses, a backdrop, lights and a camera. The
same seed gives the same look on every machine. This module knows names of shapes and colours; it draws nothing and
reads no mesh. Colours are sRGB, 0 to 1.
"""

from dataclasses import dataclass, replace

import numpy as np

from livetalk.data.heads import wardrobe
from livetalk.data.heads.wardrobe import Beard, Clothes, Colour, Eyes, Hair, Scene, Skin

RACES = ("african", "asian", "caucasian")


@dataclass(frozen=True)
class Look:
    """Person and scene of a rendered clip. `shape` holds identity shape weights by name."""

    seed: int
    ancestry: tuple[float, float, float]  # shares of RACES, sum 1
    male: float  # 0 woman, 1 man
    age: float  # 0 about 20 years, 1 about 80
    weight: float  # -1 thin, 1 heavy
    shape: tuple[tuple[str, float], ...]
    skin: Skin
    eyes: Eyes
    hair: Hair
    beard: Beard
    clothes: Clothes
    glasses: Colour | None
    scene: Scene

    @property
    def is_man(self) -> bool:
        return self.male > 0.5


def _macros(ancestry: np.ndarray, male: float, age: float, weight: float) -> dict[str, float]:
    """The base shapes of ancestry and build, bilinear in sex and age as MakeHuman mixes them."""
    mix: dict[str, float] = {}
    heavy, thin = max(weight, 0.0), max(-weight, 0.0)
    for sex, sex_share in (("male", male), ("female", 1 - male)):
        for years, age_share in (("old", age), ("young", 1 - age)):
            for race, share in zip(RACES, ancestry, strict=True):
                mix[f"race:{race}-{sex}-{years}"] = float(share * sex_share * age_share)
            for build, share in (("maxweight", heavy), ("minweight", thin), ("averageweight", 1 - heavy - thin)):
                mix[f"body:{sex}-{years}-{build}"] = float(share * sex_share * age_share)
    return mix


# Bipolar shapes and how far people differ in them (standard deviation of the weight; the far end is a caricature).
_PAIRS: tuple[tuple[str, str, str, float], ...] = tuple(
    (stem, first, second, spread)
    for first, second, spread, stems in (
        (
            "decr",
            "incr",
            0.30,
            "nose-nostrils-width nose-point-width nose-scale-depth nose-scale-horiz nose-scale-vert",
        ),
        (
            "decr",
            "incr",
            0.30,
            "nose-flaring nose-greek nose-hump nose-septumangle nose-volume nose-width1 nose-width2",
        ),
        ("decr", "incr", 0.25, "nose-width3 head-scale-depth head-scale-horiz head-scale-vert head-fat"),
        ("decr", "incr", 0.30, "chin-bones chin-height chin-prognathism chin-prominent chin-width chin-cleft"),
        ("decr", "incr", 0.35, "forehead-nubian forehead-scale-vert forehead-temple"),
        ("decr", "incr", 0.35, "cheek-bones cheek-inner cheek-volume ear-flap ear-lobe ear-scale ear-wing"),
        ("decr", "incr", 0.30, "mouth-cupidsbow mouth-cupidsbow-width mouth-lowerlip-height mouth-lowerlip-volume"),
        ("decr", "incr", 0.30, "mouth-upperlip-height mouth-upperlip-volume mouth-scale-horiz mouth-philtrum-volume"),
        ("decr", "incr", 0.16, "eye-height1 eye-height2 eye-height3"),
        ("decr", "incr", 0.26, "eye-scale eye-bag eye-bag-height"),
        ("decr", "incr", 0.30, "neck-double neck-scale-depth neck-scale-horiz"),
        ("down", "up", 0.30, "nose-base nose-nostrils-angle nose-point nose-trans mouth-angles mouth-trans"),
        ("down", "up", 0.30, "eye-corner1 eye-corner2 eye-trans cheek-trans ear-trans eyebrows-angle eyebrows-trans"),
        ("in", "out", 0.25, "eye-trans eye-bag"),
        ("in", "out", 0.30, "eye-epicanthus mouth-laugh-lines"),
        ("backward", "forward", 0.25, "nose-trans mouth-trans ear-rot eyebrows-trans"),
        ("concave", "convex", 0.35, "nose-curve"),
        ("compress", "uncompress", 0.3, "nose-compression"),
    )
    for stem in stems.split()
)
# What tells a woman's face from a man's beyond MakeHuman's own macros, as shifts of the bipolar shapes.
_WOMAN = {"chin-width": -0.2, "chin-bones": -0.15, "chin-prominent": -0.15, "nose-scale-horiz": -0.15,
          "nose-scale-depth": -0.1, "nose-hump": -0.15, "mouth-upperlip-volume": 0.15, "mouth-lowerlip-volume": 0.1,
          "eye-scale": 0.2, "cheek-volume": 0.1, "neck-scale-horiz": -0.25, "neck-scale-depth": -0.2}  # fmt: skip
_SINGLES = ("head-oval", "head-round", "head-rectangular", "head-square", "head-triangular", "head-diamond",
            "head-invertedtriangular", "chin-triangle")  # fmt: skip


def _shape(rng: np.random.Generator, asian: float, male: float, age: float) -> dict[str, float]:
    weights: dict[str, float] = {}
    for stem, first, second, spread in _PAIRS:
        value = float(np.clip(rng.normal() * spread, -0.8, 0.8))
        value += _WOMAN.get(stem, 0.0) * (1 - male)
        if stem == "mouth-angles":
            value += 0.25  # the base mesh rests with its corners down, which reads as sulking
        if stem == "eye-epicanthus":
            value = 0.1 * value - 0.5 * asian
        weights[f"shape:{stem}-{first if value < 0 else second}"] = abs(value)
    outline = _SINGLES[rng.integers(len(_SINGLES))]
    weights[f"shape:{outline}"] = float(rng.uniform(0, 0.55))
    if age > 0.5:
        weights["shape:mouth-laugh-lines-in"] = float(rng.uniform(0, 0.4))
    return weights


def recast(look: Look, ancestry: tuple[float, float, float], male: float, age: float) -> Look:
    """A person with the same features as the look's, but of other ancestry, sex and age."""
    features = {name: value for name, value in look.shape if name.startswith("shape:")}
    shape = {**_macros(np.array(ancestry), male, age, look.weight), **features}
    ordered = tuple(sorted((name, value) for name, value in shape.items() if value))
    return replace(look, ancestry=ancestry, male=male, age=age, shape=ordered)


def sample_look(seed: int) -> Look:
    """The look of a seed (any integer >= 0); seeds of 900,000,000 and above are held out from training."""
    if seed < 0:
        raise ValueError(f"a look's seed must not be negative, got {seed}")
    rng = np.random.default_rng([seed, 0x1EAD])
    ancestry = rng.dirichlet([0.35] * 3)
    male = float(rng.beta(0.15, 0.15))
    age = float(0.85 * rng.beta(1.0, 1.7))
    weight = float(np.clip(rng.normal(0.05, 0.3), -0.8, 0.65))
    shape = {**_macros(ancestry, male, age, weight), **_shape(rng, float(ancestry[1]), male, age)}
    man = male > 0.5
    skin = wardrobe.sample_skin(rng, ancestry, man, age)
    hair = wardrobe.sample_hair(rng, ancestry, man, age)
    return Look(
        seed=seed,
        ancestry=(float(ancestry[0]), float(ancestry[1]), float(ancestry[2])),
        male=male,
        age=age,
        weight=weight,
        shape=tuple(sorted((name, value) for name, value in shape.items() if value)),
        skin=skin,
        eyes=wardrobe.sample_eyes(rng, ancestry, man),
        hair=hair,
        beard=wardrobe.sample_beard(rng, hair, man, age),
        clothes=wardrobe.sample_clothes(rng, man),
        glasses=wardrobe.sample_glasses(rng, age),
        scene=wardrobe.sample_scene(rng),
    )
