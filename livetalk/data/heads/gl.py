"""OpenGL by small steps: an off-screen context, programs from this package's shaders, and shapes.

Knows the context and where shaders lie; knows no head.
"""

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import moderngl

SAMPLES = 4  # a pixel
_BLOCKS = {"Frame": 0, "Look": 1, "Light": 2}
_SPHERE = (20, 28)  # rings and spokes of an eyeball's front


def open_context(device: int) -> "moderngl.Context":
    """An off-screen context. Raises ValueError where EGL or moderngl is missing."""
    try:
        import moderngl
    except ImportError as error:
        raise ValueError("rendering heads needs moderngl: pip install 'livetalk[data]'") from error
    try:
        # The names that drivers install: without a number they come with development packages only.
        files = {"libgl": "libGL.so.1", "libegl": "libEGL.so.1"}
        options: Any = {"standalone": True, "backend": "egl", "device_index": device, **files}
        return moderngl.create_context(**options)
    except Exception as error:
        hint = "install an EGL driver (Debian: apt install libegl1 libgl1-mesa-dri)"
        raise ValueError(f"no OpenGL context could be made: {hint}: {error}") from error


def _source(name: str, defines: tuple[str, ...]) -> str:
    folder = files("livetalk.data.heads") / "shaders"
    parts = ["#version 430\n", *(f"#define {word}\n" for word in defines), (folder / "common.glsl").read_text()]
    if "PHOTO" in defines:
        parts += [f"#define {name.rsplit('.', 1)[1].upper()}\n", (folder / "photo.glsl").read_text()]
    return "".join([*parts, (folder / name).read_text()])


def make_program(
    gl: "moderngl.Context", vertex: str, fragment: str, *defines: str, units: dict[str, int] | None = None
) -> "moderngl.Program":
    """A program of two shaders; uniform blocks have fixed places, samplers the units that are given."""
    import moderngl

    program = gl.program(vertex_shader=_source(vertex, defines), fragment_shader=_source(fragment, defines))
    for name, place in _BLOCKS.items():
        block = program.get(name, None)
        if isinstance(block, moderngl.UniformBlock):
            set_options(block, binding=place)
    set_values(program, **(units or {}))
    return program


def eyeball() -> tuple[np.ndarray, np.ndarray]:
    """The front of a unit sphere: points and triangles."""
    rings, spokes = _SPHERE
    polar, angle = np.meshgrid(np.linspace(0, 1.45, rings), np.linspace(0, 2 * np.pi, spokes), indexing="ij")
    points = np.stack([np.sin(polar) * np.cos(angle), np.sin(polar) * np.sin(angle), np.cos(polar)], -1).reshape(-1, 3)
    place = np.arange(rings * spokes).reshape(rings, spokes)
    a, b, c, d = place[:-1, :-1], place[1:, :-1], place[:-1, 1:], place[1:, 1:]
    return points, np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])


def eyeballs(gl: "moderngl.Context", program: "moderngl.Program") -> "moderngl.VertexArray":
    """Both eyes of a head, to be drawn as two instances."""
    points, triangles = eyeball()
    return gl.vertex_array(
        program, [(gl.buffer(points.astype("f4").tobytes()), "3f", "unit")], gl.buffer(triangles.astype("i4").tobytes())
    )


def set_values(program: "moderngl.Program", **values: float | tuple[float, ...]) -> None:
    """Sets uniforms by name; those that the program does not use are passed over."""
    import moderngl

    for name, value in values.items():
        uniform = program.get(name, None)
        if isinstance(uniform, moderngl.Uniform):
            set_options(uniform, value=value)


def set_options(thing: object, **values: object) -> None:
    """Sets options of an object of the library's, which has attributes where others have methods."""
    for name, value in values.items():
        setattr(thing, name, value)
