"""A puppet: a fitted portrait made ready to be drawn, as arrays and records that the renderer uploads.

Does not know: OpenGL, or which frames are wanted.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.data.arkit import INDEX
from livetalk.data.heads.mesh import load_asset
from livetalk.data.puppets.correspondence import load_correspondence, open_head
from livetalk.data.puppets.cutout import foreground
from livetalk.data.puppets.eyes import EyePictures, eye_pictures
from livetalk.data.puppets.fitted import SHOWN, FaceMeasures, FittedPortrait
from livetalk.data.puppets.measures import measure
from livetalk.data.puppets.openings import Slits
from livetalk.data.puppets.posed import FOCAL, PosedHead, posed_head, rotation_of
from livetalk.data.puppets.sheet import Sheet, build_sheet, smooth

STEPS = 3  # places in a pixel of the picture at which the texture is told; odd, so that the first frame meets its own
VERTEX = np.dtype([
    ("point", "f4", 3), ("normal", "f4", 3), ("place", "f4", 2), ("share", "f4", 2), ("lips", "f4"),
    ("eyelids", "f4", 2), ("painted", "f4", 4), ("trust", "f4", 2), ("columns", "f4", 4),
])  # fmt: skip
_COLOURS = ("lip", "tooth", "lid_left", "lid_right")
_PLACES = ("lens", "eye_left", "eye_right", "irises", "white_left", "white_right")
PUPPET = np.dtype([
    ("still", "f4", (4, 4)), *((name, "f4", 4) for name in (*_PLACES, *_COLOURS)),
    ("light", "f4", (3, 4)), ("key", "f4", 4), ("tint", "f4", 4), ("mouth", "f4", 4),
])  # fmt: skip
GAZE = {"eyeLookOutLeft": (0, 0.50), "eyeLookInLeft": (0, -0.50), "eyeLookInRight": (0, 0.50),
        "eyeLookOutRight": (0, -0.50), "eyeLookDownLeft": (1, 0.38), "eyeLookUpLeft": (1, -0.30),
        "eyeLookDownRight": (1, 0.38), "eyeLookUpRight": (1, -0.30)}  # fmt: skip


def look_towards(weights: Float[np.ndarray, "t 52"], gaze: Float[np.ndarray, "t 2"]) -> Float[np.ndarray, "t 52"]:
    """The weights with eyes turned by yaw and pitch in the head's frame: the inverse of `heads.mesh.gaze`."""
    turned = weights.copy()
    for name, (axis, reach) in GAZE.items():
        turned[:, INDEX[name]] = np.clip(gaze[:, axis] / reach, 0, 1)
    return turned


def own_weights(portrait: FittedPortrait) -> Float[np.ndarray, "52"]:
    """The photograph's expression with its look: at the camera."""
    to_camera = rotation_of(portrait.angles).T @ np.array((0.0, 0.0, 1.0))
    gaze = np.array([[np.arctan2(to_camera[0], to_camera[2]), -np.arcsin(to_camera[1])]])
    return look_towards(portrait.weights[None].astype(float), gaze)[0]


def own_pose(portrait: FittedPortrait) -> Float[np.ndarray, "6"]:
    return np.concatenate([portrait.angles, np.zeros(3)]).astype(float)


@dataclass(frozen=True)
class Puppet:
    portrait: FittedPortrait  # at the side at which it is drawn
    texture: UInt8[np.ndarray, "fine fine 4"]  # the person, `STEPS` times that side
    head: PosedHead
    measures: FaceMeasures
    sheet: Sheet
    slits: Slits
    eyes: tuple[EyePictures, EyePictures]
    weights: Float[np.ndarray, "52"]  # the photograph's own, with its gaze
    vertices: np.ndarray  # VERTEX, one a vertex of the sheet

    @property
    def pose(self) -> Float[np.ndarray, "6"]:
        """The photograph's own."""
        return own_pose(self.portrait)

    @property
    def unit(self) -> float:
        """The inter-ocular distance, decimetres."""
        return self.head.person.between_eyes


def reduced(portrait: FittedPortrait, side: int) -> FittedPortrait:
    """The portrait at `side` pixels, if its photograph has more."""
    if portrait.side <= side:
        return portrait
    from PIL import Image

    def small(image: np.ndarray) -> np.ndarray:
        if len(image) <= side:
            return image
        return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.LANCZOS, reducing_gap=3))

    photograph, alpha, plate = (small(image) for image in (portrait.photograph, portrait.alpha, portrait.plate))
    return replace(portrait, photograph=photograph, alpha=alpha, plate=plate)


def texture_of(image: UInt8[np.ndarray, "side side 4"], side: int) -> UInt8[np.ndarray, "fine fine 4"]:
    """The image reduced to `side` pixels `STEPS` x `STEPS` times, each a part of a pixel further, and interlaced.

    A surface that moves shows what lies between pixels. Here every place is reduced by the same kernel from the whole
    photograph, so detail neither fades nor flickers; a mean of four reduced pixels, OpenGL's way, loses half of it.
    """
    from PIL import Image

    whole, fine = len(image), side * STEPS
    step = whole / side / STEPS
    edge = int(np.ceil(step * STEPS))
    padded = np.pad(image, ((edge, edge), (edge, edge), (0, 0)), mode="edge")
    starts = [edge + (place - STEPS // 2) * step for place in range(STEPS)]

    def reduce(pixels: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float]) -> np.ndarray:
        # As CMYK: of RGBA, Pillow would weigh colours by opacity.
        layers = Image.frombytes("CMYK", pixels.shape[1::-1], pixels.tobytes())
        return np.asarray(layers.resize(size, Image.Resampling.LANCZOS, box))

    wide, texture = np.empty((len(padded), fine, 4), np.uint8), np.empty((fine, fine, 4), np.uint8)
    for place, start in enumerate(starts):
        wide[:, place::STEPS] = reduce(padded, (side, len(padded)), (start, 0, start + whole, len(padded)))
    for place, start in enumerate(starts):
        texture[place::STEPS] = reduce(wide, (fine, side), (0, start, fine, start + whole))
    return texture


def make_puppet(portrait: FittedPortrait, side: int) -> Puppet:
    """The puppet of a portrait that is drawn at `side` pixels: photographs of more are reduced, finely for moving."""
    texture = texture_of(foreground(portrait), min(side, portrait.side))
    portrait = reduced(portrait, side)
    head = posed_head(portrait)
    measures = measure(portrait, head)
    sheet = build_sheet(portrait, head)
    own = own_weights(portrait)
    slits = Slits(sheet, head.person, own)
    pictures = [eye_pictures(portrait.photograph, eye, measures.sclera_colour) for eye in measures.eyes]
    vertices = np.zeros(len(sheet.points), VERTEX)
    for name, value in (
        ("point", sheet.points), ("normal", sheet.normals), ("place", sheet.places), ("share", sheet.share),
        ("lips", _lips(sheet)), ("eyelids", _eyelids(sheet)), ("painted", _painted(sheet, slits)),
        ("trust", _trust(sheet, head, measures)),
    ):  # fmt: skip
        vertices[name] = value
    vertices["columns"] = np.where(sheet.mesh[:, None] >= 0, load_asset().columns[sheet.mesh], 0)
    return Puppet(portrait, texture, head, measures, sheet, slits, (pictures[0], pictures[1]), own, vertices)


@cache
def _mesh_lips() -> Float[np.ndarray, "mesh"]:
    """How much each vertex of the mesh goes with the upper lip (above 0) or the lower one."""
    links, head, asset = load_correspondence(), open_head(), load_asset()
    x, y, z = head.T
    rims = [rim[np.argsort(head[rim, 0], kind="stable")] for rim in (links.upper_lip, links.lower_lip)]
    heights = [np.interp(x, head[rim, 0], y[rim]) for rim in rims]
    both = np.concatenate(rims)
    near = smooth(0.46, 0.34, np.abs(x)) * smooth(0.50, 0.36, np.abs(y - y[both].mean()))
    near *= (asset.kind == 0) & (z > z[rims[0]].min() - 0.05)
    inside = np.zeros(len(head), bool)
    inside[np.unique(links.cavity)] = True
    away = np.linalg.norm(head[inside, None] - head[None, both], axis=-1).min(1)
    near[inside] = np.exp(-((away / 0.14) ** 2))
    return near * np.where(y > (heights[0] + heights[1]) / 2, 1, -1)


@cache
def _mesh_eyelids() -> Float[np.ndarray, "mesh 2"]:
    """How much each vertex of the mesh goes with the upper lid (above 0) or the lower, of the left and right eye."""
    links, head, asset = load_correspondence(), open_head(), load_asset()
    sides = np.zeros((len(head), 2))
    for k in (0, 1):
        upper, lower = (head[rims[k]] for rims in (links.upper_lids, links.lower_lids))
        middle = upper.mean(0)
        near = (np.abs(head[:, 0] - middle[0]) < 0.30) & (np.abs(head[:, 1] - middle[1]) < 0.25)
        near &= (asset.kind == 0) & (head[:, 2] > 0.8)
        seam = (np.interp(head[:, 0], upper[:, 0], upper[:, 1]) + np.interp(head[:, 0], lower[:, 0], lower[:, 1])) / 2
        sides[:, k] = near * np.where(head[:, 1] > seam, 1, -1)
    return sides


def _lips(sheet: Sheet) -> Float[np.ndarray, "n"]:
    return np.where(sheet.mesh >= 0, _mesh_lips()[sheet.mesh], 0)


def _eyelids(sheet: Sheet) -> Float[np.ndarray, "n 2"]:
    on_face = (np.arange(len(sheet.mesh)) < sheet.face)[:, None]
    return np.where(on_face, _mesh_eyelids()[sheet.mesh], 0)


def _painted(sheet: Sheet, slits: Slits) -> Float[np.ndarray, "n 4"]:
    """Shares of the lids' colours and of the lash lines: left, right; left, right."""
    painted = np.zeros((len(sheet.points), 4))
    x, y = sheet.points[:, 0], sheet.points[:, 1]
    for k, lids in enumerate(slits.lid_edges):
        left, right = lids.corners[0]
        columns = np.linspace(left, right, lids.upper.shape[1] + 2)[1:-1]
        above = y - np.interp(x, columns, lids.upper[0])
        within = np.interp(x, (left - 0.04, left + 0.03, right - 0.03, right + 0.04), (0, 1, 1, 0))
        within *= _eyelids(sheet)[:, k] > 0
        painted[:, k] = within * smooth(0.0, 0.02, above) * smooth(0.085, 0.02, above)
        painted[:, 2 + k] = within * np.exp(-((above / 0.014) ** 2))
    return painted


def _trust(sheet: Sheet, head: PosedHead, measures: FaceMeasures) -> Float[np.ndarray, "n 2"]:
    """How well the photograph shows each vertex (lips turned away are not seen), and how much its light may change."""
    trust = np.stack([np.ones(len(sheet.points)), np.zeros(len(sheet.points))], 1)
    face = slice(sheet.face)
    seen = head.to_camera(sheet.points[face])
    view = -seen / np.linalg.norm(seen, axis=1, keepdims=True)
    facing = ((sheet.normals[face] @ head.rotation.T) * view).sum(1)
    mesh = sheet.mesh[face]
    lips = (load_asset().columns[mesh, 0] > 0.25) & (head.person.points[mesh, 2] > 1.1)
    trust[face, 0] = np.where(lips, smooth(0.02, 0.30, facing), 1)
    points = sheet.points[face]
    away = np.linalg.norm(points[:, None] - points[None, sheet.border], axis=-1).min(1)
    relit = 0.85 * smooth(0.02, 0.22, away)
    for eye in measures.eyes:
        relit *= smooth(1.5, 3.0, np.linalg.norm((points - eye.centre) * (1, 1.25, 0.6), axis=1) / eye.radius)
    trust[face, 1] = relit
    return trust


def puppet_block(puppet: Puppet, mirrored: bool) -> np.ndarray:
    """The `PUPPET` record."""
    block, measures, head = np.zeros((), PUPPET), puppet.measures, puppet.head
    block["still"] = still_motion(head).T
    block["lens"] = (FOCAL / (SHOWN / 2), -1 if mirrored else 1, SHOWN, 0)
    for name, eye, pictures in zip(("left", "right"), measures.eyes, puppet.eyes, strict=True):
        block[f"eye_{name}"] = (*eye.centre, eye.radius)
        block[f"white_{name}"] = pictures.box
        block[f"lid_{name}"][:3] = eye.lid_colour / 255
    block["irises"][:2] = [eye.iris for eye in measures.eyes]
    block["lip"][:3] = measures.lip_colour / 255
    block["tooth"] = (*(measures.tooth_colour / 255), measures.teeth is not None)
    block["light"].reshape(-1)[:9] = measures.light
    links = load_correspondence()
    rim = puppet.sheet.points[puppet.sheet.place[links.upper_lip]]
    block["mouth"][:3] = (rim[:, 0].mean(), rim[:, 1].mean(), rim[:, 2].max() - 0.03)
    return block


def still_motion(head: PosedHead) -> Float[np.ndarray, "4 4"]:
    """Head space to camera space, as photographed."""
    motion = np.eye(4)
    motion[:3, :3] = head.rotation
    motion[:3, 3] = head.to_camera(np.zeros(3))
    return motion
