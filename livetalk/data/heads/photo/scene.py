"""Heads that look photographed: the bundled head in free skins, hair, teeth and lashes, lit by real surroundings.

Draws on the canvas of `renderer`, which owns the camera and the frame.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livetalk.data.heads.gl import SAMPLES, make_program, set_options
from livetalk.data.heads.look import Look
from livetalk.data.heads.mesh import Person
from livetalk.data.heads.photo import light
from livetalk.data.heads.photo.anatomy import make_anatomy
from livetalk.data.heads.photo.blocks import LIGHT, light_block
from livetalk.data.heads.photo.closet import SURROUNDINGS, Closet
from livetalk.data.heads.photo.extras import Extras
from livetalk.data.heads.photo.eyes import read_eye
from livetalk.data.heads.photo.face import PhotoFace
from livetalk.data.heads.photo.outfit import LASHES, TEETH, Outfit, calmed, sample_outfit
from livetalk.data.heads.photo.textures import UNITS, upload

if TYPE_CHECKING:
    import moderngl

    from livetalk.data.heads.camera import Camera

FINER = 2  # pixels of the canvas a pixel of the picture, in each direction
_SHADOW = 768  # pixels a side


class PhotoScene:
    """Draws one photographed-looking person and what is behind, `size` x `size` pixels."""

    def __init__(self, gl: "moderngl.Context", size: int, assets: Path) -> None:
        import moderngl

        self._gl, self._size, self._closet = gl, size, Closet(assets)
        self._places = self._closet.stems(SURROUNDINGS, ".hdr")
        self._anatomy = make_anatomy(self._closet, LASHES, TEETH)
        self._face = PhotoFace(gl, size, self._closet, self._anatomy)
        large = (size * FINER, size * FINER)
        self._canvas = gl.framebuffer(
            [gl.renderbuffer(large, samples=SAMPLES)], gl.depth_renderbuffer(large, samples=SAMPLES)
        )
        self._sharp = gl.texture(large, 4)
        set_options(self._sharp, repeat_x=False, repeat_y=False)
        self._resolved = gl.framebuffer([self._sharp])
        self.picture = gl.simple_framebuffer((size, size))
        self._depth = gl.depth_texture((_SHADOW, _SHADOW))
        set_options(self._depth, compare_func="<=", filter=(moderngl.LINEAR, moderngl.LINEAR))
        self._shadow = gl.framebuffer(depth_attachment=self._depth)
        self._light_block = gl.buffer(reserve=LIGHT.itemsize)
        self._light_block.bind_to_uniform_block(2)
        self._ground = gl.vertex_array(make_program(gl, "flat.vert", "backdrop.frag", units=UNITS), [])
        self._film = gl.vertex_array(make_program(gl, "flat.vert", "photo_film.frag", "PHOTO", units=UNITS), [])
        self._extras = Extras(gl, self._closet)
        self._textures: dict[str, moderngl.Texture] = {}
        self._outfit: Outfit | None = None
        self._surroundings: light.Lighting | None = None

    def chosen(self, look: Look, outfit: Outfit | None) -> Look:
        """The look as this scene shows it; from here on its outfit is this look's."""
        self._outfit = outfit = sample_outfit(look, self._places) if outfit is None else outfit
        panorama = self._closet.surroundings(outfit.surroundings)
        turns = [light.turned(panorama, (outfit.turn + k / 10) % 1) for k in range(10)]
        found = max((light.measure(turn) for turn in turns), key=light.quality)
        self._surroundings = light.exposed(found, outfit.level, outfit.balance)
        return calmed(look)

    def person(self, look: Look) -> Person:
        return Person(look, self._anatomy.asset)

    def lit(self, block: np.ndarray) -> None:
        """Puts the light of the surroundings into a look's block, for shaders that know no harmonics."""
        _, found = self._chosen()
        up, down, side = found.matt(np.array([[0.0, 1, 0], [0, -1, 0], [0, 0, 1]]))
        block["key_way"][:3], block["key_light"][:3] = found.key_way, found.key_light
        block["sky"][:3], block["ground"][:3] = (up + side) / 2, (down + side) / 2
        block["fill_light"], block["rim_light"] = 0, 0
        block["exposure"][:2] = 1.0, 1.0

    def put_on(self, look: Look, person: Person, view: "Camera") -> None:
        """Dresses a person whose look's block is written."""
        outfit, found = self._chosen()
        for texture in self._textures.values():
            texture.release()
        self._textures = {}
        gl, eye = self._gl, read_eye(self._closet, outfit.eyes)
        block = light_block(found, outfit, self._size, FINER, look.seed)
        block["iris_look"] = (eye.level, 0.5, 0.5, eye.radius)
        self._textures["eye_picture"] = upload(gl, eye.picture)
        self._textures["panorama"] = upload(gl, found.panorama.clip(0, 30), repeat=True)
        behind = light.behind(found, self._size, outfit.field, outfit.blur)
        self._textures["backdrop"] = upload(gl, light.developed(behind))
        block["hair_look"][0] = self._extras.put_on(look, outfit, person)
        self._light_block.write(block.tobytes())
        self._face.put_on(look, outfit, person)

    def begin(self) -> None:
        """Binds what all frames of a clip share."""
        for name, texture in self._textures.items():
            texture.use(UNITS[name])
        self._depth.use(UNITS["shadow_map"])
        self._face.begin()
        self._extras.begin()
        self._sharp.use(UNITS["canvas"])

    def draw(self) -> None:
        """Draws the frame whose block is written, into `picture`."""
        gl = self._gl
        self._shadow.use()
        self._shadow.clear()
        self._face.cast()
        self._extras.cast()
        self._canvas.use()
        self._canvas.clear()
        self._face.draw()
        self._extras.draw()
        self._ground.render(vertices=3)  # behind everything solid, and below the soft edges that follow
        gl.enable(gl.BLEND)
        self._face.draw_soft()
        self._extras.draw_hair(edges=False)
        set_options(self._canvas, depth_mask=False)
        self._extras.draw_hair(edges=True)
        set_options(self._canvas, depth_mask=True)
        gl.disable(gl.BLEND)
        gl.copy_framebuffer(self._resolved, self._canvas)
        self.picture.use()
        gl.disable(gl.DEPTH_TEST)
        self._film.render(vertices=3)
        gl.enable(gl.DEPTH_TEST)

    def _chosen(self) -> tuple[Outfit, light.Lighting]:
        assert self._outfit is not None, "chosen comes first"
        assert self._surroundings is not None
        return self._outfit, self._surroundings
