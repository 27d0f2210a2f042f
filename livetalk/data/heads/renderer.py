"""Renderer of talking heads through OpenGL: a look is uploaded once, then every frame costs a few small uploads.

`HeadRenderer` owns one off-screen EGL context (several processes may each own one). The 52 action shapes are blended
in the vertex shader. It knows how to draw a head; it knows nothing of speech, acting or files.
"""

from importlib.resources import files
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.data.heads import backdrop, camera, headmap, strands, uniforms
from livetalk.data.heads.look import Look
from livetalk.data.heads.mesh import Person, Weights, gaze, load_asset

Pose = Float[np.ndarray, "t 6"]
SAMPLES = 4  # a pixel
_SPHERE = (20, 28)  # rings and spokes of an eyeball's front


def _shader(name: str) -> str:
    folder = files("livetalk.data.heads") / "shaders"
    return "#version 430\n" + (folder / "common.glsl").read_text() + (folder / name).read_text()


def eyeball() -> tuple[np.ndarray, np.ndarray]:
    """The front of a unit sphere: points and triangles."""
    rings, spokes = _SPHERE
    polar, angle = np.meshgrid(np.linspace(0, 1.45, rings), np.linspace(0, 2 * np.pi, spokes), indexing="ij")
    points = np.stack([np.sin(polar) * np.cos(angle), np.sin(polar) * np.sin(angle), np.cos(polar)], -1).reshape(-1, 3)
    place = np.arange(rings * spokes).reshape(rings, spokes)
    a, b, c, d = place[:-1, :-1], place[1:, :-1], place[:-1, 1:], place[1:, 1:]
    return points, np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])


def open_context(device: int) -> Any:
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


class HeadRenderer:
    """Draws one person at a time, `size` x `size` pixels. Not for use by several threads at once."""

    def __init__(self, size: int = 256, device: int = 0) -> None:
        """`device` is the EGL device's index. Raises ValueError where EGL or moderngl is missing."""
        self._gl: Any = open_context(device)
        import moderngl

        self.size = size
        self.person: Person | None = None
        self._look: Look | None = None
        gl = self._gl
        colour, depth = (
            gl.renderbuffer((size, size), samples=SAMPLES),
            gl.depth_renderbuffer((size, size), samples=SAMPLES),
        )
        self._canvas = gl.framebuffer([colour], depth)
        self._picture = gl.simple_framebuffer((size, size))
        self._backdrop = gl.texture((size, size), 3, alignment=1)
        self._look_block = gl.buffer(reserve=uniforms.LOOK.itemsize)
        self._frame_block = gl.buffer(reserve=uniforms.FRAME.itemsize)
        self._look_block.bind_to_uniform_block(1)
        self._frame_block.bind_to_uniform_block(0)
        self._build()
        gl.enable(moderngl.DEPTH_TEST)
        gl.front_face = "cw"  # pictures are drawn upside down, so that the rows come out top first

    def _program(self, vertex: str, fragment: str) -> Any:
        program = self._gl.program(vertex_shader=_shader(vertex), fragment_shader=_shader(fragment))
        for name, place in (("Frame", 0), ("Look", 1)):
            if name in program:
                program[name].binding = place
        return program

    def _build(self) -> None:
        """Everything that is the same for all people: programs, shapes, topology."""
        gl, asset = self._gl, load_asset()
        count = len(asset.points)
        self._shapes = [gl.buffer(np.ascontiguousarray(x, "f4").tobytes()) for x in (asset.action, asset.turns)]
        for place, buffer in enumerate(self._shapes):
            buffer.bind_to_storage_buffer(place)
        self._points = gl.buffer(reserve=count * 24)
        # The average head's places and masks say what to paint where, whatever the person's shape.
        fixed = np.hstack([asset.points, asset.columns, asset.kind[:, None], asset.openness]).astype("f4")
        layout = [(self._points, "3f 3f", "point", "normal"),
                  (gl.buffer(fixed.tobytes()), "3f 4f 1f 4f", "rest", "columns", "sort", "openness")]  # fmt: skip
        skin = (asset.kind[asset.triangles] == 0).all(1)
        self._face = []
        for fragment, chosen in (("skin.frag", skin), ("inner.frag", ~skin)):
            program = self._program("face.vert", fragment)
            program["vertices"].value = count
            index = gl.buffer(asset.triangles[chosen].astype("i4").tobytes())
            self._face.append(gl.vertex_array(program, layout, index, skip_errors=True))
            if "map" in program:
                program["map"].value = 1
        paint = gl.buffer(headmap.corners(asset).tobytes())
        names = ("place", "rest", "columns", "above")
        self._paint = gl.vertex_array(self._program("paint.vert", "paint.frag"), [(paint, "3f 3f 4f 1f", *names)])
        self._map = gl.texture(headmap.SIZE, 4)
        self._map_canvas = gl.framebuffer([self._map], gl.depth_renderbuffer(headmap.SIZE))
        points, triangles = eyeball()
        self._eyes = gl.vertex_array(
            self._program("eye.vert", "eye.frag"),
            [(gl.buffer(points.astype("f4").tobytes()), "3f", "unit")],
            gl.buffer(triangles.astype("i4").tobytes()),
        )
        self._ground = gl.vertex_array(self._program("flat.vert", "backdrop.frag"), [])
        self._hair_program = self._program("strand.vert", "strand.frag")
        self._hair: Any = None
        self._hair_parts: list[Any] = []

    def dress(self, look: Look) -> None:
        """Puts a person and a scene before the camera. Costs some milliseconds."""
        with self._gl:
            self._put_on(look)

    def _put_on(self, look: Look) -> None:
        person = Person(look)
        self._look, self.person = look, person
        self._points.write(np.hstack([person.points, person.normals]).astype("f4").tobytes())
        self._view = camera.Camera(look, person)
        self._look_block.write(uniforms.look_block(look, person, self._view).tobytes())
        self._map_canvas.use()
        self._map_canvas.clear()
        self._paint.render()
        image = backdrop.paint(look, self.size)
        self._backdrop.write(np.ascontiguousarray(image).tobytes())
        for thing in self._hair_parts:
            thing.release()
        self._hair, self._hair_parts = None, []
        vertices, triangles = strands.grow(look, person)
        if len(triangles):
            data, index = self._gl.buffer(vertices.tobytes()), self._gl.buffer(triangles.astype("i4").tobytes())
            layout = [(data, "3f 3f 3f 2f 4f", "point", "along", "normal", "uv", "kind")]
            self._hair = self._gl.vertex_array(self._hair_program, layout, index)
            self._hair_parts = [self._hair, data, index]

    def render(self, weights: Weights, pose: Pose) -> UInt8[np.ndarray, "t h w 3"]:
        """Draws t frames.

        weights: the shapes of `ARKIT`, clipped to [0, 1]. pose: yaw, pitch, roll (radians; + turns to the picture's
        right, looks down, leans clockwise in the picture) and x, y, z (offsets in inter-ocular distances; + to the
        picture's right, up, towards the camera).
        """
        weights, pose = self._checked(weights, pose)
        person = self._dressed()
        blocks = uniforms.frame_blocks(person.fitted(weights), self._view.motions(pose), gaze(weights), person)
        frames = np.empty((len(weights), self.size, self.size, 3), np.uint8)
        gl = self._gl
        with gl:  # another renderer of this process may have been the current one
            self._backdrop.use(0)
            self._map.use(1)
            for block, frame in zip(blocks, frames, strict=True):
                self._frame_block.write(block.tobytes())
                self._canvas.use()
                self._canvas.clear()
                for part in self._face:
                    part.render()
                self._eyes.render(instances=2)
                if self._hair is not None:
                    self._hair.render()
                self._ground.render(vertices=3)  # last: only where nothing else is
                gl.copy_framebuffer(self._picture, self._canvas)
                self._picture.read_into(frame, components=3, alignment=1)
        return frames

    def boxes(self, weights: Weights, pose: Pose) -> Float[np.ndarray, "t 3 2"]:
        """Pixel centres (x, y; y down) of the person's left eye, right eye, and mouth in every frame."""
        weights, pose = self._checked(weights, pose)
        person = self._dressed()
        eyes = np.broadcast_to(person.eyes, (len(weights), 2, 3))
        points = np.concatenate([eyes, person.mouth(weights)[:, None]], 1)
        return self._view.project(points, pose, self.size)

    def seen(
        self, points: Float[np.ndarray, "n 3"], pose: Pose
    ) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n"]]:
        """Pixels (x, y; y down) of rest-space points that move with the skull of one pose, and their nearness."""
        self._dressed()
        clip = self._view.clip(points[None].astype(np.float64), pose)[0]
        return self._view.project(points[None], pose, self.size)[0], -clip[:, 3]

    def opening(self, weights: Weights) -> Float[np.ndarray, "t"]:
        """Height of the slit between the inner lips over the inter-ocular distance, from the mesh."""
        person = self._dressed()
        return person.lip_gap(np.clip(np.asarray(weights, np.float32), 0, 1)) / np.float32(person.between_eyes)

    def close(self) -> None:
        """Gives the context back. Safe to call twice."""
        if self._gl is not None:
            self._gl.release()
            self._gl = None

    def _dressed(self) -> Person:
        if self.person is None:
            raise ValueError("no person is set: call dress(look) first")
        return self.person

    def _checked(self, weights: Weights, pose: Pose) -> tuple[Weights, Pose]:
        weights, pose = np.asarray(weights, np.float32), np.asarray(pose, np.float32)
        self._dressed()
        assert (*weights.shape, *pose.shape) == (len(pose), 52, len(weights), 6)
        return np.clip(weights, 0, 1), pose
