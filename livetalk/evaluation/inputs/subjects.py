"""Faces whose place, pose and mouth are known: rendered people, photographs with a table of attributes, puppets.

Knows no faults and no checks.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from livetalk.data.acting.performance import HELD_OUT_FROM
from livetalk.data.arkit import INDEX
from livetalk.data.portrait_parts import PortraitPart, portraits_of

SIZE = 352  # pixels of a rendered picture, and of head and shoulders cut out of a photograph
TABLE = "ATTRIBUTES.csv"  # beside photographs: file, out_box, out_iod, yaw, pitch, roll, lipgap, sharp
EYE_LINE, MOUTH_LINE = 0.317, 0.713  # how far down the box of a face's landmarks
CALM = {"yaw": 15.0, "pitch": 15.0, "lip_gap": 0.21, "between": 68.0}  # bounds of a picture without fault
SOFT = 120.0  # sharpness in the table below which a photograph is left out: old, scanned, out of focus
Pose = tuple[float, float, float]


@dataclass(frozen=True)
class Subject:
    """A picture of one face and the truth about it. Pixels; degrees; lip gap in distances between the eyes."""

    name: str
    picture: UInt8[np.ndarray, "h w 3"]
    eyes: Float[np.ndarray, "2 2"]  # left in the picture first
    mouth: Float[np.ndarray, "2"]
    yaw: float
    pitch: float
    lip_gap: float
    tone: float  # individual typology angle of the cheeks, degrees: 55 very light .. -30 dark
    photographed: bool

    @property
    def between(self) -> float:
        """Pixels between the eyes, as if the face looked at the camera."""
        return float(np.hypot(*(self.eyes[1] - self.eyes[0])) / max(np.cos(np.radians(self.yaw)), 0.5))

    @property
    def calm(self) -> bool:
        """Whether the picture has none of the faults."""
        turned = abs(self.yaw) > CALM["yaw"] or abs(self.pitch) > CALM["pitch"]
        return not turned and self.lip_gap <= CALM["lip_gap"] and self.between >= CALM["between"]


def typology(colour: np.ndarray) -> float:
    """Individual typology angle of an sRGB colour (0 to 1): light skin is above 41 degrees, dark skin below 10."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    _, y, z = np.cbrt(xyz / np.array([0.9505, 1.0, 1.089]))
    return float(np.degrees(np.arctan2(116 * y - 16 - 50, 200 * (y - z))))


class RenderedPeople:
    """Rendered people, one seed each. A context manager: it holds the renderer."""

    def __init__(self) -> None:
        from livetalk.data.heads import HeadRenderer

        self._renderer = HeadRenderer(SIZE)

    def __enter__(self) -> "RenderedPeople":
        return self

    def __exit__(self, *_: object) -> None:
        self._renderer.close()

    def person(self, number: int, pose: Pose = (0, 0, 0), face: dict[str, float] | None = None) -> Subject:
        """Held-out person `number` in a pose (yaw, pitch, roll: degrees) with a face (action shapes by name)."""
        from livetalk.data.heads.look import sample_look

        look = sample_look(HELD_OUT_FROM + number)
        self._renderer.dress(look)
        weights, place = np.zeros((1, 52), np.float32), np.zeros((1, 6), np.float32)
        place[0, :3] = np.radians(pose)
        for name, value in (face or {}).items():
            weights[0, INDEX[name]] = value
        picture = self._renderer.render(weights, place)[0]
        left, right, mouth = self._renderer.boxes(weights, place)[0]
        eyes = np.array(sorted((left, right), key=lambda point: point[0]))
        pitch = pose[1] + float(np.degrees(look.scene.tilt))
        gap = float(self._renderer.opening(weights)[0])
        tone = typology(np.array(look.skin.tone))
        return Subject(f"person {number}", picture, eyes, mouth, pose[0], pitch, gap, tone, photographed=False)

    def with_mouth(self, number: int, gap: float) -> Subject:
        """A person whose lips are so far apart (distances between the eyes), as nearly as the jaw allows."""
        tries = (self.person(number, (0, 0, 0), {"jawOpen": jaw}) for jaw in np.linspace(0.2, 1.0, 9))
        found = next(tries)
        for subject in tries:
            if found.lip_gap >= gap:
                break
            found = subject
        return found


def photographs(folder: Path, part: PortraitPart) -> Iterator[Subject]:
    """Photographs of a part of a folder with a table of attributes, in the table's order.

    Raises ValueError, with what to do, if there is no table or no photograph.
    """
    if not (folder / TABLE).is_file():
        raise ValueError(f"{folder} has no {TABLE}: give a folder of portraits with their attributes, or leave it out")
    with (folder / TABLE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = {path.name for path in portraits_of(folder, part)}
    for row in rows:
        if row["file"] in names and float(row["sharp"]) >= SOFT:
            yield _photograph(folder, row)


def _photograph(folder: Path, row: dict[str, str]) -> Subject:
    whole = Image.open(folder / row["file"]).convert("RGB")
    left, top, right, bottom = (float(value) for value in row["out_box"].split())
    roll, between = -np.radians(float(row["roll"])), float(row["out_iod"])
    across = np.array([np.cos(roll), np.sin(roll)])
    down = np.array([-across[1], across[0]])
    middle = np.array([(left + right) / 2, top + EYE_LINE * (bottom - top)])
    eyes = middle + np.array([[-0.5], [0.5]]) * between * across
    mouth = middle + down * (MOUTH_LINE - EYE_LINE) * (bottom - top)
    left, top = (max(0, int(value)) for value in middle - (SIZE / 2, 0.42 * SIZE))
    picture = np.asarray(whole.crop((left, top, min(left + SIZE, whole.width), min(top + SIZE, whole.height))))
    eyes, mouth, middle = (points - (left, top) for points in (eyes, mouth, middle))
    tone = _cheeks(picture, middle, across * between, down * between)
    pose = float(row["yaw"]), float(row["pitch"]) - 3.0  # people who look straight ahead are read 3 degrees down
    return Subject(row["file"], picture, eyes, mouth, *pose, float(row["lipgap"]), tone, photographed=True)


def _cheeks(picture: np.ndarray, middle: np.ndarray, across: np.ndarray, down: np.ndarray) -> float:
    """The typology angle of both cheeks' median colour."""
    patches: list[np.ndarray] = []
    reach = max(2, int(0.12 * np.hypot(*across)))
    for side in (-0.5, 0.5):
        x, y = (middle + side * across + 0.55 * down).astype(int)
        patches.append(picture[max(y - reach, 0) : y + reach, max(x - reach, 0) : x + reach].reshape(-1, 3))
    return typology(np.median(np.concatenate(patches), axis=0) / 255)
