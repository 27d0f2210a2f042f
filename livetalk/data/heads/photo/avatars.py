"""The cast of the bundled avatars: people who do not exist, each a seed with what was chosen for them by hand.

Knows looks and outfits; draws by the renderer, writes no files. Colours are sRGB, 0 to 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from livetalk.data.arkit import INDEX
from livetalk.data.heads.look import Look, recast, sample_look
from livetalk.data.heads.photo.outfit import Outfit
from livetalk.data.heads.renderer import HeadRenderer
from livetalk.data.heads.wardrobe import Beard, Colour

_HELD_OUT = 900_000_000
_SHAVEN = Beard((0.1, 0.08, 0.07), 0.0, 1.0, 1.0, 1.0, 0.0)
_BLACK, _DARK, _BROWN = (0.09, 0.08, 0.08), (0.17, 0.12, 0.10), (0.32, 0.21, 0.15)
_BLOND, _RED, _GREY = (0.66, 0.53, 0.36), (0.52, 0.27, 0.14), (0.62, 0.61, 0.60)


@dataclass(frozen=True)
class Role:
    """One avatar: a seed, and what does not follow from it."""

    seed: int
    ancestry: tuple[float, float, float]  # shares of `look.RACES`
    man: bool
    age: float
    tone: Colour
    skin: str
    hair: str
    hair_colour: Colour
    iris: Colour
    eyes: str
    brows: str
    cloth: str
    cloth_colour: Colour
    dye: float
    surroundings: str
    turn: float
    glasses: Colour | None = None
    stubble: float = 0.0
    beard: tuple[float, float] = (1.0, 1.0)  # on cheeks and chin
    mirrored: bool = False
    smile: float = 0.25
    blur: float = 0.014


ROLES: dict[str, Role] = {
    "ada": Role(310, (0, 0.05, 0.95), False, 0.2, (0.90, 0.75, 0.67), "young_lightskinned_female_diffuse2", "bob01",
        _BROWN, (0.40, 0.52, 0.60), "lightblue_eye", "001", "male_casualsuit01", (0.20, 0.24, 0.33), 1.0,
        "brown_photostudio_02", 0.0),
    "asha": Role(329, (0.3, 0.3, 0.4), False, 0.15, (0.66, 0.48, 0.37), "young_lightskinned_female_diffuse3",
        "long01", _BLACK, (0.20, 0.12, 0.08), "brown_eye", "010", "female_casualsuit01", (0.55, 0.24, 0.22), 1.0,
        "vestibule", 0.1),
    "finn": Role(335, (0, 0, 1), True, 0.08, (0.90, 0.74, 0.67), "young_lightskinned_male_diffuse2", "short01",
        _RED, (0.36, 0.50, 0.44), "green_eye", "001", "male_casualsuit05", (0.36, 0.42, 0.40), 1.0,
        "empty_warehouse_01", 0.2, stubble=0.25),
    "ines": Role(312, (0.1, 0.1, 0.8), False, 0.4, (0.83, 0.66, 0.55), "middleage_lightskinned_female_diffuse2",
        "long01", _DARK, (0.30, 0.20, 0.12), "brownlight_eye", "001", "female_elegantsuit01", (0.24, 0.30, 0.38),
        0.0, "brown_photostudio_07", 0.0),
    "kofi": Role(130, (1, 0, 0), True, 0.25, (0.42, 0.29, 0.22), "young_darkskinned_male_diffuse", "short04",
        _BLACK, (0.14, 0.08, 0.06), "brown_eye", "012", "male_elegantsuit01", (0.20, 0.22, 0.28), 0.0,
        "blocky_photo_studio", 0.3, stubble=0.35),
    "lena": Role(324, (0, 0, 1), False, 0.05, (0.92, 0.77, 0.70), "young_lightskinned_female_diffuse3",
        "ponytail01", _BLOND, (0.34, 0.48, 0.62), "blue_eye", "006", "female_casualsuit01", (0.78, 0.76, 0.72), 1.0,
        "brown_photostudio_06", 0.4),
    "marco": Role(124, (0.05, 0.05, 0.9), True, 0.45, (0.80, 0.62, 0.51), "middleage_lightskinned_male_diffuse",
        "short02", _DARK, (0.26, 0.17, 0.10), "brown_eye", "009", "male_casualsuit03", (0.25, 0.28, 0.34), 1.0,
        "leadenhall_market", 0.1, stubble=0.75),
    "mei": Role(330, (0, 0.85, 0.15), False, 0.2, (0.88, 0.72, 0.60), "young_lightskinned_female_diffuse2",
        "braid01", _BLACK, (0.17, 0.10, 0.07), "brown_eye", "002", "female_casualsuit01", (0.16, 0.26, 0.30), 1.0,
        "adams_place_bridge", 0.2, glasses=(0.05, 0.05, 0.06)),
    "nora": Role(108, (0, 0.05, 0.95), False, 0.7, (0.88, 0.72, 0.64), "middleage_lightskinned_female_diffuse2",
        "short02", _GREY, (0.40, 0.50, 0.58), "lightblue_eye", "003", "male_casualsuit01", (0.42, 0.22, 0.28), 1.0,
        "st_fagans_interior", 0.3, glasses=(0.22, 0.12, 0.09)),
    "omar": Role(319, (0.25, 0.15, 0.6), True, 0.35, (0.70, 0.53, 0.42), "young_lightskinned_male_diffuse3",
        "short02", _BLACK, (0.18, 0.11, 0.07), "brown_eye", "008", "male_casualsuit01", (0.30, 0.33, 0.30), 1.0,
        "brown_photostudio_01", 0.5, stubble=0.72),
    "rafi": Role(117, (0.25, 0.35, 0.4), True, 0.6, (0.60, 0.44, 0.34), "middleage_lightskinned_male_diffuse2",
        "short01", (0.30, 0.29, 0.29), (0.16, 0.10, 0.07), "brown_eye", "010", "male_elegantsuit01", (0.2, 0.2,
        0.2), 0.0, "sepulchral_chapel_rotunda", 0.4, glasses=(0.06, 0.06, 0.07), stubble=0.3),
    "zola": Role(313, (0.9, 0.05, 0.05), False, 0.15, (0.45, 0.31, 0.235), "middleage_darkskinned_female_diffuse",
        "afro01", _BLACK, (0.14, 0.08, 0.06), "brown_eye", "005", "female_sportsuit01", (0.72, 0.50, 0.20), 1.0,
        "modern_buildings_2", 0.1),
}  # fmt: skip


def dressed(role: Role) -> tuple[Look, Outfit]:
    """The look and the outfit of a role."""
    look = recast(sample_look(_HELD_OUT + role.seed), role.ancestry, 0.95 if role.man else 0.05, role.age)
    beard = replace(_SHAVEN, colour=role.hair_colour, stubble=role.stubble, cheeks=role.beard[0], chin=role.beard[1])
    scene = replace(look.scene, offset=0.0, tilt=0.0, eye_line=0.44, height=2.85, field=float(np.radians(22)))
    look = replace(
        look, skin=replace(look.skin, tone=role.tone, freckles=0.0), hair=replace(look.hair, colour=role.hair_colour,
        tip=role.hair_colour, hairline=0.0, brow=tuple(0.6 * c for c in role.hair_colour), brow_density=1.0),
        eyes=replace(look.eyes, iris=role.iris, inner=tuple(0.75 * c for c in role.iris)),
        clothes=replace(look.clothes, colour=role.cloth_colour), beard=beard, glasses=role.glasses, scene=scene,
    )  # fmt: skip
    outfit = Outfit(
        role.skin, role.hair, role.mirrored, role.cloth, role.dye, f"eyebrow{role.brows}", role.eyes,
        role.surroundings, role.turn, level=1.05, balance=0.8, field=float(np.radians(46)), blur=role.blur,
        grain=0.005, softness=0.3,
    )  # fmt: skip
    return look, outfit


def draw_avatars(assets: Path, size: int) -> Iterator[tuple[str, UInt8[np.ndarray, "h w 3"]]]:
    """All avatars by name, looking at the camera with a faint smile, mouths closed."""
    renderer = HeadRenderer(size, assets=assets)
    try:
        for name, role in ROLES.items():
            renderer.dress(*dressed(role))
            weights = np.zeros((1, 52), np.float32)
            for shape, share in (("mouthSmile", 1.0), ("cheekSquint", 0.6), ("mouthDimple", 0.3)):
                for side in ("Left", "Right"):
                    weights[0, INDEX[f"{shape}{side}"]] = share * role.smile
            yield name, renderer.render(weights, np.zeros((1, 6), np.float32))[0]
    finally:
        renderer.close()


def as_jpeg(picture: UInt8[np.ndarray, "h w 3"], most_bytes: int) -> bytes:
    """The picture as JPEG, as good as fits."""
    data = BytesIO()
    for quality in range(95, 60, -1):
        data = BytesIO()
        Image.fromarray(picture).save(data, "JPEG", quality=quality, subsampling=0, optimize=True)
        if data.tell() <= most_bytes:
            break
    return data.getvalue()
