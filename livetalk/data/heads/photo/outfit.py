"""Choice of free assets for a look: which skin, hair, brows, eyes and surroundings a person of a seed has.

Knows names and odds; reads no files and draws nothing. Colours are sRGB, 0 to 1.
"""

import colorsys
from dataclasses import dataclass, replace

import numpy as np

from livetalk.data.heads.look import Look

_STREAM = 0xF070
LASHES, TEETH = "eyelashes01", "teeth_base"
CALM = 0.62  # of the sampled differences between faces: as far as people in photographs differ

# Skins by tone and sex: name, age it shows (0 to 1).
_SKINS = {
    (True, False): (("middleage_darkskinned_female_diffuse", 0.3), ("old_darkskinned_female_diffuse", 0.8)),
    (True, True): (("young_darkskinned_male_diffuse", 0.1), ("middleage_darkskinned_male_diffuse", 0.4),
                   ("old_darkskinned_male_diffuse", 0.8)),
    (False, False): (("young_lightskinned_female_diffuse2", 0.1), ("young_lightskinned_female_diffuse3", 0.1),
                     ("middleage_lightskinned_female_diffuse2", 0.45)),
    (False, True): (("young_lightskinned_male_diffuse", 0.1), ("young_lightskinned_male_diffuse2", 0.1),
                    ("young_lightskinned_male_diffuse3", 0.1), ("middleage_lightskinned_male_diffuse", 0.45),
                    ("middleage_lightskinned_male_diffuse2", 0.45), ("old_lightskinned_male_diffuse2", 0.8)),
}  # fmt: skip
# Hair by sex: name, odds for young and old, odds that come with African ancestry.
_WOMEN = (("bob01", 0.8, 0.8, 0.0), ("bob02", 0.9, 1.0, 0.0), ("long01", 1.2, 0.4, 0.0), ("ponytail01", 1.0, 0.7, 0.0),
          ("braid01", 0.9, 0.5, 0.0), ("afro01", 0.0, 0.0, 1.4), ("short02", 0.2, 0.8, 0.0),
          ("short03", 0.5, 0.9, 0.0), ("short04", 0.1, 0.2, 0.3))  # fmt: skip
SWEPT = ("bob01", "bob02", "braid01", "short03")  # made to hang before an eye: they are swept aside
_MEN = (("short01", 1.0, 0.9, 0.0), ("short02", 1.0, 1.0, 0.0), ("short03", 0.5, 0.3, 0.0),
        ("short04", 1.2, 0.9, 0.2), ("afro01", 0.0, 0.0, 0.7), ("", 0.35, 0.9, 0.3))  # fmt: skip
_BROWS = {True: ("001", "008", "009", "010", "012"), False: ("001", "002", "003", "005", "006", "010", "011", "012")}
_WORN_BY_WOMEN = ("female_casualsuit01", "female_elegantsuit01", "female_sportsuit01", "male_casualsuit01",
                  "male_casualsuit03", "male_casualsuit05")  # fmt: skip
_WORN_BY_MEN = ("male_casualsuit01", "male_casualsuit03", "male_casualsuit05", "male_elegantsuit01", "male_worksuit01")
# Pictures of eyes by the hue of the iris, up to which they fit.
_EYES = ((0.12, "brown_eye"), (0.2, "brownlight_eye"), (0.45, "green_eye"), (0.58, "lightblue_eye"), (1.1, "blue_eye"))
_DARK = 0.55  # mean of a skin's tone below which the dark skins fit


@dataclass(frozen=True)
class Outfit:
    skin: str
    hair: str  # empty: none but what the skin shows
    hair_mirrored: bool
    cloth: str  # empty: none but what is painted
    dye: float  # how far the cloth takes the look's colour
    brows: str
    eyes: str
    surroundings: str
    turn: float  # of the surroundings, share of a full turn that is tried first
    level: float  # exposure: what a white face would send on
    balance: float  # of the colours, 1: all of the light's colour taken out
    field: float  # angle of view of what is seen behind the head
    blur: float  # of the same, share of the picture
    grain: float
    softness: float  # of the lens, pixels of a 256 pixel picture


def sample_outfit(look: Look, surroundings: tuple[str, ...]) -> Outfit:
    """The outfit of a look; the same for the same look and the same assets."""
    rng = np.random.default_rng([look.seed, _STREAM])
    dark = float(np.mean(look.skin.tone)) < _DARK
    skins = _SKINS[dark, look.is_man]
    fit = np.exp(-(((np.array([age for _, age in skins]) - look.age) / 0.25) ** 2)) + 1e-3
    cuts = _MEN if look.is_man else _WOMEN
    worn = _WORN_BY_MEN if look.is_man else _WORN_BY_WOMEN
    african = look.ancestry[0]
    odds = np.array([young + (old - young) * look.age + african * extra for _, young, old, extra in cuts])
    return Outfit(
        skin=skins[rng.choice(len(skins), p=fit / fit.sum())][0],
        hair=cuts[rng.choice(len(cuts), p=odds / odds.sum())][0],
        hair_mirrored=bool(rng.random() < 0.5),
        cloth=str(rng.choice(worn)) if rng.random() < 0.85 else "",
        dye=float(rng.choice((0.0, 0.7, 1.0), p=(0.3, 0.2, 0.5))),
        brows=f"eyebrow{rng.choice(_BROWS[look.is_man])}",
        eyes=next(name for hue, name in _EYES if hue >= colorsys.rgb_to_hsv(*look.eyes.iris)[0] % 0.95),
        surroundings=surroundings[rng.integers(len(surroundings))],
        turn=float(rng.random()),
        level=float(rng.uniform(0.95, 1.2)),
        balance=float(rng.uniform(0.78, 1.0)),
        field=float(np.radians(rng.uniform(32, 60))),
        blur=float(rng.uniform(0.008, 0.03)),
        grain=float(rng.uniform(0.004, 0.016)),
        softness=float(rng.uniform(0.25, 0.6)),
    )


def calmed(look: Look) -> Look:
    """The same person with features less far from the mean, and plain clothes for what clothes do not cover."""
    shape = tuple((name, value * (CALM if name.startswith("shape:") else 1)) for name, value in look.shape)
    clothes = replace(look.clothes, garment="crew", stripes=0.0, weave=0.15, drop=0.05)
    eyes = replace(look.eyes, size=look.eyes.size * 0.93)
    return replace(look, shape=shape, clothes=clothes, eyes=eyes)


def names_of_all() -> dict[str, tuple[str, ...]]:
    """Names of the assets that outfits may use, by kind; surroundings are whatever there is."""
    hair = sorted({name for name, *_ in (*_WOMEN, *_MEN) if name})
    return {
        "skins": tuple(sorted(name for skins in _SKINS.values() for name, _ in skins)),
        "hair": tuple(hair),
        "eyebrows": tuple(f"eyebrow{number}" for number in sorted({*_BROWS[True], *_BROWS[False]})),
        "eyelashes": (LASHES,),
        "eyes": tuple(name for _, name in _EYES),
        "clothes": tuple(sorted({*_WORN_BY_WOMEN, *_WORN_BY_MEN})),
        "teeth": (TEETH,),
    }
