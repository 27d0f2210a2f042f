"""A folder of made-up assets, as small as photographed-looking heads can do with."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from livetalk.data.heads.mesh import load_asset
from livetalk.data.heads.photo.fasten import load_topology
from livetalk.data.heads.photo.outfit import names_of_all

SPANS = "x_scale 5399 11998 1.4\nz_scale 962 5320 1.9\ny_scale 791 881 2.3\n"
# Corners of a square on the head's front, decimetres: where each kind of mesh is fastened.
_SQUARES = {
    "hair": ((-0.6, 8.1, 0.9), (0.6, 8.1, 0.9), (0.6, 8.4, 0.2), (-0.6, 8.4, 0.2)),
    "eyebrows": ((0.2, 7.4, 1.4), (0.4, 7.4, 1.4), (0.4, 7.45, 1.4), (0.2, 7.45, 1.4)),
    "eyelashes": ((0.2, 7.3, 1.4), (0.4, 7.3, 1.4), (0.4, 7.35, 1.4), (0.2, 7.35, 1.4)),
    "clothes": ((-1.2, 5.2, 0.8), (1.2, 5.2, 0.8), (1.2, 5.6, 0.5), (-1.2, 5.6, 0.5)),
}


def _picture(colour: tuple[int, ...], format_: str) -> bytes:
    mode = "RGBA" if len(colour) == 4 else "RGB"
    noise = np.random.default_rng(0).integers(-8, 9, (64, 64, 1))
    data = BytesIO()
    Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8), mode).save(data, format_)
    return data.getvalue()


def _square(corners: tuple[tuple[float, float, float], ...]) -> str:
    lines = [f"v {x} {y} {z}" for x, y, z in corners]
    return "\n".join([*lines, "vt 0 0", "vt 1 0", "vt 1 1", "vt 0 1", "f 1/1 2/2 3/3 4/4"]) + "\n"


def _fastened(corners: tuple[tuple[float, float, float], ...]) -> str:
    place, asset = load_topology().place, load_asset()
    known = np.flatnonzero(place >= 0)
    points = asset.points[place[known]]
    nearest = [int(known[np.linalg.norm(points - corner, axis=1).argmin()]) for corner in corners]
    return f"name square\n{SPANS}verts 0\n" + "".join(f"{number}\n" for number in nearest)


def _teeth() -> str:
    """Two upper and two lower teeth before a gum that is one piece."""
    squares = [((x, y, 1.31), (x + 0.05, y, 1.31), (x + 0.05, y + 0.09, 1.3), (x, y + 0.09, 1.3))
               for x in (-0.06, 0.01) for y in (6.13, 6.22)]  # fmt: skip
    lines, faces = [], []
    for square in squares:
        faces.append("f " + " ".join(f"{len(lines) + k}/{k}" for k in (1, 2, 3, 4)))
        lines += [f"v {x} {y} {z}" for x, y, z in square]
    first = len(lines)
    lines += [f"v {x} {y} 1.25" for y in (6.0, 6.1, 6.2, 6.3, 6.4) for x in (-0.2, 0.2)]
    faces += [f"f {a + 1}/1 {a + 2}/2 {a + 4}/3 {a + 3}/4" for a in range(first, first + 8, 2)]
    return "\n".join([*lines, "vt 0 0", "vt 1 0", "vt 1 1", "vt 0 1", *faces]) + "\n"


def panorama() -> bytes:
    """A bright window to the left, in Radiance's format without packing."""
    levels = np.full((256, 512, 4), (90, 100, 110, 128), np.uint8)
    levels[80:130, 180:230] = (200, 200, 200, 132)
    return b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 256 +X 512\n" + levels.tobytes()


def make_assets(folder: Path) -> Path:
    """Writes the folder."""
    files: dict[str, bytes] = {"backgrounds_hdri/hdr512/room.hdr": panorama()}
    home = "makehuman_cc0"
    names = names_of_all()
    for name in names["skins"]:
        files[f"{home}/skins/textures/{name}.jpg"] = _picture((190, 140, 120), "JPEG")
    for name in names["eyes"]:
        files[f"{home}/eyes/materials/{name}.png"] = _picture((90, 60, 40), "PNG")
    for kind, corners in _SQUARES.items():
        for name in names[kind]:
            files[f"{home}/{kind}/{name}/{name}.obj"] = _square(corners).encode()
            files[f"{home}/{kind}/{name}/{name}.mhclo"] = _fastened(corners).encode()
            suffix = "_diffuse" if kind in ("hair", "clothes") else ""
            files[f"{home}/{kind}/{name}/{name}{suffix}.png"] = _picture((60, 40, 30, 255), "PNG")
    files[f"{home}/teeth/teeth_base/teeth_base.obj"] = _teeth().encode()
    files[f"{home}/teeth/materials/teeth.png"] = _picture((220, 210, 200), "PNG")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
