"""Renderer of talking heads through OpenGL: a look is uploaded once, then every frame costs a few small uploads.

`HeadRenderer` owns one off-screen EGL context (several processes may each own one). The 52 action shapes are blended
in the vertex shader. It knows how to draw a head; it knows nothing of speech, acting or files. What a head looks like
is the business of a scene: `painted`, or `photo` where free assets are given.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.data.heads import camera, uniforms
from livetalk.data.heads.gl import open_context, set_options
from livetalk.data.heads.look import Look
from livetalk.data.heads.mesh import Person, Weights, gaze

if TYPE_CHECKING:
    import moderngl

    from livetalk.data.heads.photo.outfit import Outfit

Pose = Float[np.ndarray, "t 6"]


class HeadScene(Protocol):
    """Drawing of one person and what is behind."""

    picture: "moderngl.Framebuffer"

    def chosen(self, look: Look, outfit: "Outfit | None") -> Look: ...
    def person(self, look: Look) -> Person: ...
    def lit(self, block: np.ndarray) -> None: ...
    def put_on(self, look: Look, person: Person, view: camera.Camera) -> None: ...
    def begin(self) -> None: ...
    def draw(self) -> None: ...


def _scene(gl: "moderngl.Context", size: int, assets: Path | None) -> HeadScene:
    if assets is None:
        from livetalk.data.heads.painted import PaintedScene

        return PaintedScene(gl, size)
    from livetalk.data.heads.photo.scene import PhotoScene

    return PhotoScene(gl, size, assets)


class HeadRenderer:
    """Draws one person at a time, `size` x `size` pixels. Not for use by several threads at once."""

    def __init__(self, size: int = 256, device: int = 0, assets: Path | None = None) -> None:
        """`device` is the EGL device's index; with a folder (or pack) of `assets` heads look photographed.

        Raises ValueError where EGL or moderngl is missing, or the assets are.
        """
        gl = open_context(device)
        self._gl: "moderngl.Context | None" = gl  # noqa: UP037, it is imported for the checker only
        self.size = size
        self.person: Person | None = None
        self._scene = _scene(gl, size, assets)
        self._look_block = gl.buffer(reserve=uniforms.LOOK.itemsize)
        self._frame_block = gl.buffer(reserve=uniforms.FRAME.itemsize)
        self._look_block.bind_to_uniform_block(1)
        self._frame_block.bind_to_uniform_block(0)
        gl.enable(gl.DEPTH_TEST)
        set_options(gl, front_face="cw")  # pictures are drawn upside down, so that the rows come out top first

    def dress(self, look: Look, outfit: "Outfit | None" = None) -> None:
        """Puts a person and a scene before the camera. Costs some milliseconds.

        `outfit`: what the assets dress the person in; without it, it follows from the look.
        """
        with self._context():
            look = self._scene.chosen(look, outfit)
            self.person = person = self._scene.person(look)
            self._view = camera.Camera(look, person)
            block = uniforms.look_block(look, person, self._view)
            self._scene.lit(block)
            self._look_block.write(block.tobytes())
            self._scene.put_on(look, person, self._view)

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
        with self._context():  # another renderer of this process may have been the current one
            self._scene.begin()
            for block, frame in zip(blocks, frames, strict=True):
                self._frame_block.write(block.tobytes())
                self._scene.draw()
                self._scene.picture.read_into(frame, components=3, alignment=1)
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

    def _context(self) -> "moderngl.Context":
        if self._gl is None:
            raise ValueError("the renderer is closed")
        return self._gl

    def _dressed(self) -> Person:
        if self.person is None:
            raise ValueError("no person is set: call dress(look) first")
        return self.person

    def _checked(self, weights: Weights, pose: Pose) -> tuple[Weights, Pose]:
        weights, pose = np.asarray(weights, np.float32), np.asarray(pose, np.float32)
        self._dressed()
        assert (*weights.shape, *pose.shape) == (len(pose), 52, len(weights), 6)
        return np.clip(weights, 0, 1), pose
