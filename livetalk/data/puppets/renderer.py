"""Renderer of puppets through OpenGL: a portrait is uploaded once, then every frame costs a few small uploads.

`PuppetRenderer` owns one off-screen EGL context, which it makes the current one for each call. Action shapes, lids,
lips and skinning are the vertex shader's work. Knows how to draw; knows nothing of speech, acting or files.
"""

from importlib.resources import files
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from livetalk.data.heads.gl import SAMPLES, eyeball, open_context
from livetalk.data.heads.mesh import Weights
from livetalk.data.heads.renderer import Pose
from livetalk.data.puppets.fitted import SHOWN, FittedPortrait
from livetalk.data.puppets.frames import FRAME, frame_blocks, motions
from livetalk.data.puppets.mirror import mirrored_pose, mirrored_weights
from livetalk.data.puppets.posed import project
from livetalk.data.puppets.puppet import VERTEX, Puppet, make_puppet, puppet_block
from livetalk.data.puppets.variation import PLAIN, Dressed, Variation, varied

STRIP = 16  # frames drawn before they are read back together
_LAYOUT = "3f 3f 2f 2f 1f 2f 4f 2f 4f"
_PUSHED = -0.0015  # teeth win over the inner side of the lips


def _shader(name: str) -> str:
    folder = files("livetalk.data.puppets") / "shaders"
    return "#version 430\n" + (folder / "common.glsl").read_text() + (folder / name).read_text()


class PuppetRenderer:
    """Draws one puppet at a time, `size` x `size` pixels. Not for use by several threads at once."""

    def __init__(self, size: int = 256, device: int = 0) -> None:
        """`device` is the EGL device's index. Raises ValueError where EGL or moderngl is missing."""
        self._gl: Any = open_context(device)
        self.size = size
        self.puppet: Puppet | None = None
        self._mirrored = False
        gl = self._gl
        strip = (size, size * STRIP)
        self._canvas = gl.framebuffer(
            [gl.renderbuffer(strip, samples=SAMPLES)], gl.depth_renderbuffer(strip, samples=SAMPLES)
        )
        self._picture = gl.simple_framebuffer(strip)
        self._record = -(-FRAME.itemsize // 256) * 256  # uniform blocks begin at multiples of 256 bytes
        self._frames = gl.buffer(reserve=self._record * STRIP)
        self._programs = {
            name: self._program(vertex, fragment)
            for name, vertex, fragment in (
                ("plate", "plate.vert", "plate.frag"), ("inside", "sheet.vert", "inside.frag"),
                ("teeth", "sheet.vert", "teeth.frag"), ("tongue", "sheet.vert", "teeth.frag"),
                ("eye", "eye.vert", "eye.frag"), ("skin", "sheet.vert", "skin.frag"),
            )
        }  # fmt: skip
        points, triangles = eyeball()
        self._balls = gl.vertex_array(
            self._programs["eye"],
            [(gl.buffer(points.astype("f4").tobytes()), "3f", "unit")],
            gl.buffer(triangles.astype("i4").tobytes()),
        )
        self._plain = gl.vertex_array(self._programs["plate"], [])
        self._things: dict[str, Any] = {}
        self._parts: dict[str, Any] = {}

    def _program(self, vertex: str, fragment: str) -> Any:
        program = self._gl.program(vertex_shader=_shader(vertex), fragment_shader=_shader(fragment))
        for name, place in (("Frame", 0), ("Puppet", 1)):
            if name in program:
                program[name].binding = place
        units = {"photograph": 0, "photographed_teeth": 1, "white": 2, "iris": 3, "plate": 4}
        for name, unit in units.items():
            if name in program:
                program[name].value = unit
        return program

    def dress(self, subject: Dressed | FittedPortrait) -> None:
        """Puts a portrait before the camera, varied as asked. Costs two tenths of a second."""
        portrait, variation = (
            (subject, PLAIN) if isinstance(subject, FittedPortrait) else (subject.portrait, subject.variation)
        )
        side = round(self.size / SHOWN)
        self.dress_puppet(make_puppet(varied(portrait, variation), side), variation)

    def dress_puppet(self, puppet: Puppet, variation: Variation = PLAIN) -> None:
        """Puts a ready-made puppet on."""
        with self._gl:
            self._put_on(puppet, variation)

    def _put_on(self, puppet: Puppet, variation: Variation) -> None:
        for thing in (*self._parts.values(), *self._things.values()):
            thing.release()
        gl, sheet = self._gl, puppet.sheet
        self.puppet, self._mirrored = puppet, variation.mirrored
        block = puppet_block(puppet, variation.mirrored)
        block["key"], block["tint"] = (*variation.key, 0), (*variation.tint, 0)
        teeth = puppet.measures.teeth
        self._things = {
            "puppet": gl.buffer(block.tobytes()),
            "vertices": gl.buffer(puppet.vertices.tobytes()),
            "action": gl.buffer(sheet.action.tobytes()),
            "turns": gl.buffer(sheet.turns.tobytes()),
            "photograph": self._texture(puppet.texture),
            "teeth": self._texture(np.zeros((2, 2), np.uint8) if teeth is None else teeth),
            "white": self._texture(np.stack([eye.white for eye in puppet.eyes])),
            "iris": self._texture(np.stack([eye.iris for eye in puppet.eyes])),
            "plate": self._texture(puppet.portrait.plate),
        }
        names = VERTEX.names or ()
        self._parts = {}
        for name, program, triangles in (
            ("inside", "inside", sheet.inside), ("teeth", "teeth", sheet.teeth), ("tongue", "tongue", sheet.tongue),
            ("skin", "skin", sheet.skin),
        ):  # fmt: skip
            index = self._things[f"{name} index"] = gl.buffer(np.ascontiguousarray(triangles, "i4").tobytes())
            layout = [(self._things["vertices"], _LAYOUT, *names)]
            self._parts[name] = gl.vertex_array(self._programs[program], layout, index, skip_errors=True)
        for program in ("inside", "teeth", "tongue", "skin"):
            self._set(program, vertices=len(sheet.points), faces=sheet.face, layer=0.0 if program == "skin" else 1.0)
            self._set(program, pushed=_PUSHED if program in ("teeth", "tongue") else 0.0, tongue=program == "tongue")

    def _texture(self, image: np.ndarray) -> Any:
        """A 2D texture, or an array of them where the image has four axes."""
        import moderngl

        data = np.ascontiguousarray(image).tobytes()
        channels = image.shape[-1] if image.ndim > 2 else 1
        if image.ndim == 4:
            texture = self._gl.texture_array((image.shape[2], image.shape[1], len(image)), channels, data, alignment=1)
        else:
            texture = self._gl.texture((image.shape[1], image.shape[0]), channels, data, alignment=1)
        texture.repeat_x = texture.repeat_y = False
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        return texture

    def _set(self, program: str, **values: Any) -> None:
        for name, value in values.items():
            if name in self._programs[program]:
                self._programs[program][name].value = value

    def render(self, weights: Weights, pose: Pose) -> UInt8[np.ndarray, "t h w 3"]:
        """Draws t frames; arguments as `HeadRenderer.render`. The photograph is at its own weights and pose."""
        puppet = self._dressed()
        weights, pose = self._seen_from_within(weights, pose)
        blocks = frame_blocks(puppet, weights, pose)
        frames = np.empty((len(weights), self.size, self.size, 3), np.uint8)
        with self._gl:
            self._bind()
            for start in range(0, len(blocks), STRIP):
                part = blocks[start : start + STRIP]
                self._draw(part)
                rows = frames[start : start + STRIP]
                view = (0, 0, self.size, self.size * len(part))
                self._picture.read_into(rows, viewport=view, components=3, alignment=1)
        return frames

    def _bind(self) -> None:
        things = self._things
        things["puppet"].bind_to_uniform_block(1)
        things["action"].bind_to_storage_buffer(0)
        things["turns"].bind_to_storage_buffer(1)
        for unit, name in enumerate(("photograph", "teeth", "white", "iris", "plate")):
            things[name].use(unit)

    def _draw(self, blocks: np.ndarray) -> None:
        """A strip of frames, one below the other."""
        import moderngl

        gl, size, parts = self._gl, self.size, self._parts
        packed = np.zeros((len(blocks), self._record), np.uint8)
        packed[:, : FRAME.itemsize] = np.frombuffer(blocks.tobytes(), np.uint8).reshape(len(blocks), -1)
        self._frames.write(packed.tobytes())
        self._canvas.use()
        self._canvas.clear()
        gl.enable(moderngl.DEPTH_TEST)
        matted = self._dressed().portrait.matted
        for place in range(len(blocks)):
            self._frames.bind_to_uniform_block(0, offset=place * self._record, size=self._record)
            self._canvas.viewport = (0, place * size, size, size)
            gl.disable(moderngl.BLEND)
            parts["inside"].render()
            parts["teeth"].render()
            parts["tongue"].render()
            self._balls.render(instances=2)
            if matted:
                self._plain.render(vertices=3)  # only where nothing else is, and below the person's soft edges
                gl.enable(moderngl.BLEND)
            parts["skin"].render()
        gl.disable(moderngl.BLEND)
        self._canvas.viewport = (0, 0, size, size * STRIP)
        gl.copy_framebuffer(self._picture, self._canvas)

    def own(self) -> tuple[Float[np.ndarray, "52"], Float[np.ndarray, "6"]]:
        """Weights and pose at which the photograph itself is drawn."""
        puppet = self._dressed()
        if not self._mirrored:
            return puppet.weights, puppet.pose
        return mirrored_weights(puppet.weights), mirrored_pose(puppet.pose)

    def boxes(self, weights: Weights, pose: Pose) -> Float[np.ndarray, "t 3 2"]:
        """Pixel centres (x, y; y down) of the person's left eye, right eye, and mouth in every frame."""
        puppet = self._dressed()
        weights, pose = self._seen_from_within(weights, pose)
        eyes = np.stack([eye.centre for eye in puppet.measures.eyes])
        points = np.concatenate([np.broadcast_to(eyes, (len(weights), 2, 3)), puppet.slits.mouth(weights)[:, None]], 1)
        head = motions(puppet, pose)[:, 0]
        seen = points @ np.swapaxes(head[:, :3, :3], 1, 2) + head[:, None, :3, 3]
        pixels = (project(seen) - (1 - SHOWN) / 2) / SHOWN * self.size
        if self._mirrored:
            pixels = (pixels * (-1, 1) + (self.size, 0))[:, [1, 0, 2]]
        return pixels.astype(np.float32)

    def opening(self, weights: Weights) -> Float[np.ndarray, "t"]:
        """Height of the slit between the inner lips over the inter-ocular distance, as drawn."""
        puppet = self._dressed()
        weights, _ = self._seen_from_within(weights, np.zeros((len(weights), 6)))
        return (puppet.slits.opening(weights) / puppet.unit).astype(np.float32)

    def close(self) -> None:
        """Gives the context back. Safe to call twice."""
        if self._gl is not None:
            self._gl.release()
            self._gl = None

    def _dressed(self) -> Puppet:
        if self.puppet is None:
            raise ValueError("no person is set: call dress(portrait) first")
        return self.puppet

    def _seen_from_within(self, weights: Weights, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
        """Checked, and as the photograph's own: of a mirrored puppet left and right change places."""
        weights, pose = np.asarray(weights, np.float64), np.asarray(pose, np.float64)
        self._dressed()
        assert (*weights.shape, *pose.shape) == (len(pose), 52, len(weights), 6)
        weights = np.clip(weights, 0, np.maximum(1, self.own()[0]))  # a photograph may smile beyond 1
        if self._mirrored:
            weights, pose = mirrored_weights(weights), mirrored_pose(pose)
        return weights, pose
