"""Distributions of the parts of a look: skin, eyes, hair, beard, clothes, scene.

Plain frozen data and draws from a random generator; knows no mesh and no shader. Colours are sRGB, 0 to 1.
"""

import colorsys
from dataclasses import dataclass

import numpy as np

Colour = tuple[float, float, float]
CUTS = ("bald", "buzz", "receding", "short", "side", "curly", "afro", "bob", "long", "bun")
BACKDROPS = ("plain", "wall", "office", "bokeh", "window", "shelf")
GARMENTS = ("crew", "vee", "turtleneck", "shirt", "jacket")


@dataclass(frozen=True)
class Skin:
    tone: Colour
    lips: Colour
    blush: float  # redness of cheeks, nose and ears, 0 to 1
    mottling: float
    freckles: float
    shine: float
    lip_shine: float
    rings: float  # darkness below the eyes


@dataclass(frozen=True)
class Eyes:
    iris: Colour
    inner: Colour
    size: float  # iris radius over the eyeball's
    pupil: float
    lashes: float  # length shown, 0 to 1


@dataclass(frozen=True)
class Hair:
    cut: str  # one of CUTS
    colour: Colour
    tip: Colour
    part: float  # side of the parting, decimetres from the midline
    volume: float  # 0 to 1
    length: float  # 0 to 1 within the cut
    fringe: float  # 0 none, 1 full
    hairline: float  # decimetres the hairline lies higher
    brow: Colour
    brow_thickness: float
    brow_height: float
    brow_arch: float
    brow_length: float
    brow_density: float


@dataclass(frozen=True)
class Beard:
    colour: Colour
    stubble: float  # 0 shaven, 1 dense
    moustache: float
    cheeks: float
    chin: float
    length: float  # decimetres; 0: painted only


@dataclass(frozen=True)
class Clothes:
    garment: str  # one of GARMENTS
    colour: Colour
    second: Colour
    weave: float
    stripes: float  # radians a decimetre; 0: plain
    drop: float  # decimetres the neckline lies lower


@dataclass(frozen=True)
class Scene:
    backdrop: str  # one of BACKDROPS
    colours: tuple[Colour, Colour, Colour]
    key: tuple[float, float, float]  # azimuth and height (radians), strength
    key_colour: Colour
    fill: float
    fill_colour: Colour
    rim: float
    ambient: float
    field: float  # vertical angle of view, radians
    height: float  # of the picture at the face, decimetres
    eye_line: float  # how far down the picture the eyes are, 0 to 1
    offset: float  # of the face from the middle, share of the picture
    tilt: float  # of the camera, radians; above 0 it looks down
    exposure: float
    contrast: float


def hsv(hue: float, saturation: float, value: float) -> Colour:
    return colorsys.hsv_to_rgb(hue % 1, float(np.clip(saturation, 0, 1)), float(np.clip(value, 0, 1)))


def _mix(a: Colour, b: Colour, share: float) -> Colour:
    return tuple(float(x + (y - x) * share) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


_TONES = (((0.29, 0.18, 0.13), (0.62, 0.43, 0.32)), ((0.71, 0.54, 0.44), (0.90, 0.76, 0.67)),
          ((0.74, 0.54, 0.43), (0.92, 0.77, 0.70)))  # fmt: skip


def sample_skin(rng: np.random.Generator, ancestry: np.ndarray, man: bool, age: float) -> Skin:
    depth = rng.random()
    tones = [np.array(_mix(dark, light, depth)) for dark, light in _TONES]
    tone = np.clip(sum(w * t for w, t in zip(ancestry, tones, strict=True)) + rng.normal(size=3) * 0.012, 0.08, 0.96)
    red = np.array([0.92, 0.73, 0.72]) if man else np.array([0.90, 0.66, 0.66])
    natural = tone * red * rng.uniform(0.88, 1.05) + np.array([0.03, 0.0, 0.01])
    if not man and rng.random() < 0.4:
        stick = np.array(hsv(rng.choice([0.97, 0.99, 0.01, 0.93]), rng.uniform(0.5, 0.8), rng.uniform(0.45, 0.8)))
        natural = natural + (stick - natural) * rng.uniform(0.3, 0.85)
    light = float(tone.mean())
    return Skin(
        tone=tuple(tone.tolist()),
        lips=tuple(np.clip(natural, 0.05, 0.95).tolist()),
        blush=float(rng.uniform(0.1, 0.6) * light),
        mottling=float(rng.uniform(0.4, 1.0) * (0.7 + 0.5 * age)),
        freckles=float(rng.uniform(0.3, 0.9)) if light > 0.62 and rng.random() < 0.18 else 0.0,
        shine=float(rng.uniform(0.03, 0.10)),
        lip_shine=float(rng.uniform(0.06, 0.14) if man else rng.uniform(0.08, 0.3)),
        rings=float(rng.uniform(0.1, 0.8) * (0.6 + 0.6 * age)),
    )


_IRISES = {"brown": (0.06, 0.65, 0.30), "dark": (0.06, 0.60, 0.17), "hazel": (0.10, 0.55, 0.42),
           "green": (0.27, 0.35, 0.45), "blue": (0.57, 0.45, 0.60), "grey": (0.56, 0.16, 0.56)}  # fmt: skip


def sample_eyes(rng: np.random.Generator, ancestry: np.ndarray, man: bool) -> Eyes:
    names, light = list(_IRISES), float(ancestry[2]) ** 1.5
    odds = np.array(
        [0.3 + 0.2 * light, 0.65 * (1 - light) + 0.05, 0.15 * light + 0.03, 0.13 * light, 0.30 * light, 0.1 * light]
    )
    hue, saturation, value = _IRISES[names[rng.choice(len(names), p=odds / odds.sum())]]
    colour = hsv(hue + rng.normal() * 0.012, saturation + rng.normal() * 0.06, value * rng.uniform(0.85, 1.15))
    inner = _mix(colour, hsv(0.09, 0.6, min(value * 1.3, 0.7)), float(rng.uniform(0.1, 0.7)))
    return Eyes(colour, inner, float(rng.uniform(0.43, 0.48)), float(rng.uniform(0.15, 0.21)),
                float(rng.uniform(0.15, 0.4) if man else rng.uniform(0.4, 0.9)))  # fmt: skip


_HAIRS = {"black": (0.08, 0.35, 0.09), "dark": (0.07, 0.5, 0.18), "brown": (0.07, 0.55, 0.30),
          "chestnut": (0.045, 0.6, 0.36), "light": (0.085, 0.5, 0.48), "blond": (0.11, 0.45, 0.70),
          "red": (0.035, 0.72, 0.52)}  # fmt: skip


def sample_hair(rng: np.random.Generator, ancestry: np.ndarray, man: bool, age: float) -> Hair:
    light, african = float(ancestry[2]) ** 1.5, float(ancestry[0])
    odds = np.array([0.9 * (1 - light) + 0.06, 0.25, 0.1 + 0.25 * light, 0.15 * light + 0.02, 0.2 * light,
                     0.22 * light + 0.005, 0.1 * light + 0.005])  # fmt: skip
    hue, saturation, value = list(_HAIRS.values())[rng.choice(len(odds), p=odds / odds.sum())]
    grey = float(np.clip((age - 0.35) * 2 + rng.normal() * 0.3, 0, 1)) * float(rng.random() < 0.75)
    base = _mix(
        hsv(hue + rng.normal() * 0.008, saturation, value * rng.uniform(0.8, 1.2)),
        hsv(0.1, 0.06, rng.uniform(0.45, 0.8)),
        grey,
    )
    if man:
        cuts = {"bald": 0.03 + 0.1 * age, "buzz": 0.16, "receding": 0.04 + 0.3 * age * age, "short": 0.33, "side": 0.28,
                "curly": 0.12, "afro": 0.12 * african, "long": 0.03}  # fmt: skip
    else:
        cuts = {"short": 0.07 + 0.1 * age, "side": 0.05, "curly": 0.14, "afro": 0.2 * african, "bob": 0.24,
                "long": 0.36 * (1 - 0.6 * age), "bun": 0.2}  # fmt: skip
    share = np.array(list(cuts.values()))
    cut = list(cuts)[rng.choice(len(cuts), p=share / share.sum())]
    brow = _mix(_mix(base, hsv(0.07, 0.4, 0.10), 0.45), base, 0.3 * grey)
    return Hair(
        cut=cut, colour=base, tip=_mix(base, hsv(hue, saturation, min(value * 1.5, 1)), float(rng.uniform(0, 0.5))),
        part=float(rng.choice([-1, 1]) * rng.uniform(0.12, 0.42) if rng.random() < 0.75 else rng.normal() * 0.03),
        volume=float(rng.random()), length=float(rng.random()),
        fringe=float(rng.random()) if rng.random() < 0.3 else 0.0,
        hairline=float(rng.normal() * 0.03 + (0.05 if man else 0.0) + (0.28 if cut == "receding" else 0.0)),
        brow=brow, brow_thickness=float(rng.uniform(0.042, 0.062) if man else rng.uniform(0.026, 0.042)),
        brow_height=float(rng.uniform(0.175, 0.205)), brow_arch=float(rng.uniform(0.01, 0.04)),
        brow_length=float(rng.uniform(0.42, 0.48)), brow_density=float(rng.uniform(0.75, 1.0)),
    )  # fmt: skip


def sample_beard(rng: np.random.Generator, hair: Hair, man: bool, age: float) -> Beard:
    colour = _mix(hair.colour, hsv(0.06, 0.5, 0.12), 0.3)
    if not man or rng.random() < 0.4:
        shadow = float(rng.uniform(0, 0.22)) if man else 0.0
        return Beard(colour, shadow, 1.0, 1.0, 1.0, 0.0)
    style = rng.choice(["stubble", "full", "goatee", "moustache"], p=[0.45, 0.32, 0.16, 0.07])
    if style == "stubble":
        return Beard(colour, float(rng.uniform(0.3, 0.65)), 1.0, 1.0, 1.0, 0.0)
    length = float(rng.uniform(0.03, 0.09))
    cheeks, chin = {"full": (1.0, 1.0), "goatee": (0.0, 1.0), "moustache": (0.0, 0.0)}[str(style)]
    return Beard(colour, float(rng.uniform(0.8, 1.0)), 1.0, cheeks, chin, length)


def sample_clothes(rng: np.random.Generator, man: bool) -> Clothes:
    garment = str(rng.choice(GARMENTS, p=[0.34, 0.2, 0.12, 0.17, 0.17]))
    value = float(
        rng.choice([rng.uniform(0.06, 0.3), rng.uniform(0.3, 0.7), rng.uniform(0.75, 0.95)], p=[0.45, 0.35, 0.2])
    )
    colour = hsv(rng.random(), rng.uniform(0, 0.7) * (1.1 - 0.6 * value), value)
    second = hsv(rng.random(), rng.uniform(0, 0.3), rng.uniform(0.7, 0.95))
    stripes = float(rng.uniform(25, 60)) if garment in ("crew", "vee") and rng.random() < 0.12 else 0.0
    return Clothes(garment, colour, second, float(rng.uniform(0.1, 1)), stripes, float(rng.uniform(0, 0.14)))


def sample_glasses(rng: np.random.Generator, age: float) -> Colour | None:
    if rng.random() > 0.14 + 0.15 * age:
        return None
    return hsv(rng.random(), rng.uniform(0, 0.6), rng.choice([0.04, 0.1, 0.3, 0.6], p=[0.45, 0.25, 0.2, 0.1]))


def sample_scene(rng: np.random.Generator) -> Scene:
    hue = rng.random()
    tint = float(rng.uniform(0.03, 0.32))
    back = hsv(hue, tint, rng.uniform(0.25, 0.85))
    other = hsv(hue + rng.normal() * 0.12, tint * 0.8, rng.uniform(0.15, 0.8))
    accent = hsv(rng.random(), rng.uniform(0.2, 0.6), rng.uniform(0.3, 0.9))
    warm = rng.normal() * 0.06
    return Scene(
        backdrop=str(rng.choice(BACKDROPS)), colours=(back, other, accent),
        key=(float(rng.choice([-1, 1]) * rng.uniform(0.15, 1.0)), float(rng.uniform(0.2, 0.75)),
             float(rng.uniform(0.95, 1.35))),
        key_colour=(1.0 + warm, 1.0, 1.0 - warm), fill=float(rng.uniform(0.08, 0.35)),
        fill_colour=(1.0 - warm, 1.0, 1.0 + 1.5 * abs(warm)), rim=float(rng.uniform(0, 0.8)),
        ambient=float(rng.uniform(0.18, 0.36)), field=float(np.radians(rng.uniform(16, 32))),
        height=float(rng.uniform(2.6, 3.0)), eye_line=float(rng.uniform(0.41, 0.47)), offset=float(rng.normal() * 0.02),
        tilt=float(rng.normal() * 0.05), exposure=float(rng.uniform(0.92, 1.15)),
        contrast=float(rng.uniform(0.96, 1.06)),
    )  # fmt: skip
