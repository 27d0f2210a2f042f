"""The folder of free assets, or a pack of it: meshes, pictures and surroundings by name.

A pack is a zip of the same names with smaller pictures. Knows file formats; knows no head and draws nothing.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int, UInt8

MAKEHUMAN, SURROUNDINGS = "makehuman_cc0", "backgrounds_hdri/hdr512"
HINT = "give the folder that `livetalk data assets` finds complete, or a pack of it"


@dataclass(frozen=True)
class FastenedMesh:
    """A mesh that is fastened to the MakeHuman base mesh, one vertex for each pair of place and texture place."""

    references: Int[np.ndarray, "v 3"]  # vertices of the base mesh
    shares: Float[np.ndarray, "v 3"]
    offsets: Float[np.ndarray, "v 3"]  # decimetres on a head whose spans are as `spans`
    spans: tuple[tuple[int, int, float], ...]  # two vertices and their distance along x, y, z
    texture: Float[np.ndarray, "v 2"]  # places in the picture, v down
    triangles: Int[np.ndarray, "m 3"]


@dataclass(frozen=True)
class PlainMesh:
    """A mesh of an .obj file, one vertex for each pair of place and texture place."""

    points: Float[np.ndarray, "v 3"]
    texture: Float[np.ndarray, "v 2"]
    triangles: Int[np.ndarray, "m 3"]
    source: Int[np.ndarray, "v"]  # place in the file


class Closet:
    """Reads assets of a folder or of a pack. Raises ValueError where there are none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pack = zipfile.ZipFile(path) if path.is_file() and zipfile.is_zipfile(path) else None
        self._fastened: dict[str, FastenedMesh] = {}
        if not self.names(f"{MAKEHUMAN}/skins/textures/"):
            raise ValueError(f"there are no assets of people at {path}: {HINT}")

    @cached_property
    def _names(self) -> tuple[str, ...]:
        if self._pack is not None:
            return tuple(sorted(self._pack.namelist()))
        if not self._path.is_dir():
            return ()
        return tuple(sorted(p.relative_to(self._path).as_posix() for p in self._path.rglob("*") if p.is_file()))

    def names(self, prefix: str, suffix: str = "") -> tuple[str, ...]:
        """Names of all files that begin and end so, sorted."""
        return tuple(name for name in self._names if name.startswith(prefix) and name.endswith(suffix))

    def stems(self, folder: str, suffix: str) -> tuple[str, ...]:
        """Names of files of a folder without folder and suffix."""
        return tuple(name.rsplit("/", 1)[1].removesuffix(suffix) for name in self.names(f"{folder}/", suffix))

    def read(self, name: str) -> bytes:
        """Contents of a file. Raises ValueError where it is missing."""
        try:
            return self._pack.read(name) if self._pack is not None else (self._path / name).read_bytes()
        except (KeyError, OSError) as error:
            raise ValueError(f"{name} is missing at {self._path}: {HINT}") from error

    def picture(self, name: str, mode: str) -> UInt8[np.ndarray, "h w c"]:
        from PIL import Image

        with Image.open(BytesIO(self.read(name))) as image:
            return np.asarray(image.convert(mode))

    def mesh(self, name: str) -> PlainMesh:
        """A mesh of MakeHuman's by the name of its .obj."""
        return parse_mesh(self.read(f"{MAKEHUMAN}/{name}.obj").decode())

    def fastened(self, name: str) -> FastenedMesh:
        """A mesh with what fastens it to the base mesh, by the name of its .obj and .mhclo; read once."""
        if name not in self._fastened:
            self._fastened[name] = self._read_fastened(name)
        return self._fastened[name]

    def _read_fastened(self, name: str) -> FastenedMesh:
        mesh = self.mesh(name)
        spans, rows = parse_fastening(self.read(f"{MAKEHUMAN}/{name}.mhclo").decode())
        rows = rows[mesh.source]
        return FastenedMesh(
            rows[:, :3].astype(np.int64), rows[:, 3:6], rows[:, 6:], spans, mesh.texture, mesh.triangles
        )

    def surroundings(self, name: str) -> Float32[np.ndarray, "h w 3"]:
        """Light from all around, as a panorama."""
        return read_radiance(self.read(f"{SURROUNDINGS}/{name}.hdr"))


def parse_mesh(text: str) -> PlainMesh:
    """Reads an .obj; polygons become fans of triangles."""
    points: list[list[float]] = []
    texture: list[list[float]] = []
    corners: list[list[list[int]]] = []
    for line in text.splitlines():
        word = line.split()
        if not word:
            continue
        if word[0] == "v":
            points.append([float(x) for x in word[1:4]])
        elif word[0] == "vt":
            texture.append([float(word[1]), 1 - float(word[2])])
        elif word[0] == "f":
            face = [[int(x) - 1 for x in part.split("/")[:2]] for part in word[1:]]
            corners += [[face[0], face[k], face[k + 1]] for k in range(1, len(face) - 1)]
    pairs, places = np.unique(np.array(corners).reshape(-1, 2), axis=0, return_inverse=True)
    return PlainMesh(np.array(points)[pairs[:, 0]], np.array(texture)[pairs[:, 1]], places.reshape(-1, 3), pairs[:, 0])


def parse_fastening(text: str) -> tuple[tuple[tuple[int, int, float], ...], Float[np.ndarray, "v 9"]]:
    """Reads a .mhclo: the spans along x, y and z, and for each vertex three references, shares and offsets."""
    spans: dict[str, tuple[int, int, float]] = {}
    rows: list[list[float]] = []
    listed = False
    for line in text.splitlines():
        word = line.split()
        if not word or word[0].startswith("#"):
            continue
        if word[0].endswith("_scale"):
            spans[word[0][0]] = (int(word[1]), int(word[2]), float(word[3]))
        elif word[0] == "verts":
            listed = True
        elif listed and word[0].isdigit():
            values = [float(x) for x in word]
            rows.append(values if len(values) == 9 else [values[0], 0, 0, 1, 0, 0, 0, 0, 0])
        elif listed and rows and word[0] != "tag":
            break
    return (spans["x"], spans["y"], spans["z"]), np.array(rows)


def read_radiance(data: bytes) -> Float32[np.ndarray, "h w 3"]:
    """Reads a picture in Radiance's format, top row first. Raises ValueError for another orientation."""
    head, _, rest = data.partition(b"\n\n")
    size, _, body = rest.partition(b"\n")
    word = size.split()
    if not head.startswith(b"#?") or word[0] != b"-Y" or word[2] != b"+X":
        raise ValueError("the panorama is not in Radiance's format with rows from top to bottom")
    height, width = int(word[1]), int(word[3])
    raw = np.frombuffer(body, np.uint8)
    packed = width >= 8 and tuple(raw[:2]) == (2, 2)
    levels = np.array(list(_rows(raw, height, width))) if packed else raw.reshape(height, width, 4)
    scale = np.ldexp(1.0, levels[..., 3].astype(np.int32) - 136) * (levels[..., 3] > 0)
    return (levels[..., :3] * scale[..., None]).astype(np.float32)


def _rows(raw: UInt8[np.ndarray, "n"], height: int, width: int) -> Iterator[UInt8[np.ndarray, "w 4"]]:
    """Unpacks run-length coded rows."""
    at = 0
    for _ in range(height):
        at += 4
        row = np.empty((4, width), np.uint8)
        for channel in row:
            x = 0
            while x < width:
                count = int(raw[at])
                run = count > 128
                count -= 128 * run
                channel[x : x + count] = raw[at + 1] if run else raw[at + 1 : at + 1 + count]
                at += 2 if run else 1 + count
                x += count
        yield row.T
