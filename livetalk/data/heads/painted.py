"""Heads all of our own making: skin and clothes painted by shaders, hair grown as strands, a backdrop of shapes.

Draws on the canvas of `renderer`, which owns the camera and the frame.
"""

from typing import TYPE_CHECKING

import numpy as np

from livetalk.data.heads import backdrop, headmap, strands
from livetalk.data.heads.gl import SAMPLES, eyeballs, make_program, set_values
from livetalk.data.heads.look import Look
from livetalk.data.heads.mesh import Person, load_asset

if TYPE_CHECKING:
    import moderngl

    from livetalk.data.heads.camera import Camera
    from livetalk.data.heads.photo.outfit import Outfit


class PaintedScene:
    """Draws one person and what is behind, `size` x `size` pixels."""

    def __init__(self, gl: "moderngl.Context", size: int) -> None:
        self._gl, self._size = gl, size
        asset = load_asset()
        count = len(asset.points)
        self._shapes = [gl.buffer(np.ascontiguousarray(x, "f4").tobytes()) for x in (asset.action, asset.turns)]
        for place, buffer in enumerate(self._shapes):
            buffer.bind_to_storage_buffer(place)
        self._canvas = gl.framebuffer(
            [gl.renderbuffer((size, size), samples=SAMPLES)], gl.depth_renderbuffer((size, size), samples=SAMPLES)
        )
        self.picture = gl.simple_framebuffer((size, size))
        self._backdrop = gl.texture((size, size), 3, alignment=1)
        self._points = gl.buffer(reserve=count * 24)
        # The average head's places and masks say what to paint where, whatever the person's shape.
        fixed = np.hstack([asset.points, asset.columns, asset.kind[:, None], asset.openness]).astype("f4")
        layout = [(self._points, "3f 3f", "point", "normal"),
                  (gl.buffer(fixed.tobytes()), "3f 4f 1f 4f", "rest", "columns", "sort", "openness")]  # fmt: skip
        skin = (asset.kind[asset.triangles] == 0).all(1)
        self._face: list[moderngl.VertexArray] = []
        for fragment, chosen in (("skin.frag", skin), ("inner.frag", ~skin)):
            program = make_program(gl, "face.vert", fragment, units={"map": 1})
            set_values(program, vertices=count)
            index = gl.buffer(asset.triangles[chosen].astype("i4").tobytes())
            self._face.append(gl.vertex_array(program, layout, index, skip_errors=True))
        paint = gl.buffer(headmap.corners(asset).tobytes())
        names = ("place", "rest", "columns", "above")
        self._paint = gl.vertex_array(make_program(gl, "paint.vert", "paint.frag"), [(paint, "3f 3f 4f 1f", *names)])
        self._map = gl.texture(headmap.SIZE, 4)
        self._map_canvas = gl.framebuffer([self._map], gl.depth_renderbuffer(headmap.SIZE))
        self._eyes = eyeballs(gl, make_program(gl, "eye.vert", "eye.frag"))
        self._ground = gl.vertex_array(make_program(gl, "flat.vert", "backdrop.frag"), [])
        self._hair_program = make_program(gl, "strand.vert", "strand.frag")
        self._hair: moderngl.VertexArray | None = None
        self._hair_parts: list[moderngl.Buffer] = []

    def chosen(self, look: Look, outfit: "Outfit | None") -> Look:
        """The look as this scene shows it: with an outfit of our own making only."""
        if outfit is not None:
            raise ValueError("an outfit of free assets needs the assets: give their folder")
        return look

    def person(self, look: Look) -> Person:
        return Person(look)

    def lit(self, block: np.ndarray) -> None:
        """Changes what is known of light in a look's block: nothing here."""

    def put_on(self, look: Look, person: Person, view: "Camera") -> None:
        """Paints a person whose look's block is written, and the backdrop."""
        self._points.write(np.hstack([person.points, person.normals]).astype("f4").tobytes())
        self._map_canvas.use()
        self._map_canvas.clear()
        self._paint.render()
        self._backdrop.write(np.ascontiguousarray(backdrop.paint(look, self._size)).tobytes())
        for thing in (self._hair, *self._hair_parts):
            if thing is not None:
                thing.release()
        self._hair, self._hair_parts = None, []
        vertices, triangles = strands.grow(look, person)
        if len(triangles):
            data, index = self._gl.buffer(vertices.tobytes()), self._gl.buffer(triangles.astype("i4").tobytes())
            layout = [(data, "3f 3f 3f 2f 4f", "point", "along", "normal", "uv", "kind")]
            self._hair = self._gl.vertex_array(self._hair_program, layout, index)
            self._hair_parts = [data, index]

    def begin(self) -> None:
        """Binds what all frames of a clip share."""
        self._backdrop.use(0)
        self._map.use(1)

    def draw(self) -> None:
        """Draws the frame whose block is written, into `picture`."""
        self._canvas.use()
        self._canvas.clear()
        for part in self._face:
            part.render()
        self._eyes.render(instances=2)
        if self._hair is not None:
            self._hair.render()
        self._ground.render(vertices=3)  # last: only where nothing else is
        self._gl.copy_framebuffer(self.picture, self._canvas)
