"""Ambient occlusion of the resting head: how much of the sky each vertex sees, and from which direction.

Depth maps are drawn from many directions; a vertex is lit from a direction if nothing lies nearer. Used by the bake
only. It knows meshes, not faces.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

SIDE = 768  # of a depth map, pixels
DIRECTIONS = 160
SLACK = 0.035  # decimetres a vertex may lie behind the map and still count as seen

_VERTEX = """#version 430
in vec3 point; uniform mat3 turn; uniform vec3 centre; uniform float reach;
void main() { vec3 p = turn * (point - centre) / reach; gl_Position = vec4(p.xy, -p.z, 1.0); }"""
_FRAGMENT = """#version 430
out vec4 colour; void main() { colour = vec4(1.0); }"""


def directions(count: int) -> Float[np.ndarray, "k 3"]:
    """Evenly spread over the sphere (Fibonacci spiral)."""
    place = np.arange(count) + 0.5
    height, angle = 1 - 2 * place / count, np.pi * (1 + 5**0.5) * place
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(angle), height, ring * np.sin(angle)], 1)


def normals(points: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "m 3"]) -> Float[np.ndarray, "n 3"]:
    """Area-weighted vertex normals, unit length."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    corner = triangles.reshape(-1)
    total = np.stack([np.bincount(corner, np.repeat(face[:, k], 3), len(points)) for k in range(3)], 1)
    return total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-12)


def seen(
    points: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "m 3"], towards: Float[np.ndarray, "k 3"]
) -> Float[np.ndarray, "k n"]:
    """1 where a vertex can be seen from a far point in that direction, else 0."""
    import moderngl

    options: Any = {"standalone": True, "backend": "egl"}
    gl: Any = moderngl.create_context(**options)
    program = gl.program(vertex_shader=_VERTEX, fragment_shader=_FRAGMENT)
    depth = gl.depth_texture((SIDE, SIDE))
    target = gl.framebuffer([gl.renderbuffer((SIDE, SIDE))], depth)
    gl.enable(moderngl.DEPTH_TEST)
    array = gl.vertex_array(
        program,
        [(gl.buffer(points.astype("f4").tobytes()), "3f", "point")],
        gl.buffer(triangles.astype("i4").tobytes()),
    )
    centre = (points.max(0) + points.min(0)) / 2
    reach = np.linalg.norm(points - centre, axis=1).max()
    program["centre"].value, program["reach"].value = tuple(centre), float(reach)
    result = np.zeros((len(towards), len(points)))
    for k, forward in enumerate(towards):
        side = np.cross([0.3, 1.0, 0.2], forward)
        side /= np.linalg.norm(side)
        turn = np.stack([side, np.cross(forward, side), forward])
        program["turn"].write(turn.T.astype("f4").tobytes())
        target.use()
        target.clear()
        array.render()
        image = np.frombuffer(depth.read(), "f4").reshape(SIDE, SIDE)
        x, y, z = (turn @ (points - centre).T) / reach
        column, row = ((v * 0.5 + 0.5) * SIDE for v in (x, y))
        nearest = image[row.astype(int).clip(0, SIDE - 1), column.astype(int).clip(0, SIDE - 1)]
        result[k] = (0.5 - 0.5 * z) < nearest + SLACK / (2 * reach)
    gl.release()
    return result


def occlusion(
    points: Float[np.ndarray, "n 3"], triangles: Int[np.ndarray, "m 3"], solid: np.ndarray
) -> Int[np.ndarray, "n 4"]:
    """Per vertex, in 1/127: openness (cosine-weighted share of the sky seen) and a linear fit of visibility over
    direction l, a + b.l, stored as a in openness' partner: columns are (openness, b.x, b.y, b.z); a is chosen by the
    shader so that the mean over the hemisphere is the openness."""
    towards = directions(DIRECTIONS)
    normal = normals(points, triangles)
    visible = seen(points, triangles[solid[triangles].all(1)], towards)
    cosine = np.maximum(towards @ normal.T, 0)
    openness = (visible * cosine).sum(0) / (cosine.sum(0) + 1e-9)
    slope = np.zeros((len(points), 3))
    for n in np.where(solid)[0]:
        front = cosine[:, n] > 0.05
        design = np.hstack([towards[front], np.ones((front.sum(), 1))])
        gram = design.T @ design + np.diag([2.0, 2.0, 2.0, 1e-3])
        slope[n] = np.linalg.solve(gram, design.T @ visible[front, n])[:3]
    packed = np.concatenate([openness[:, None], slope], 1)
    packed[~solid] = (1, 0, 0, 0)
    return np.round(packed * 127).clip(-127, 127).astype(np.int8)
