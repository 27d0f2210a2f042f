"""The face of a photographed-looking head on the GPU: skin with brows on a map, eyes, teeth, tongue, lashes."""

from typing import TYPE_CHECKING

import numpy as np

from livetalk.data.heads import headmap
from livetalk.data.heads.gl import eyeballs, make_program, set_options, set_values
from livetalk.data.heads.look import Look
from livetalk.data.heads.mesh import Person, load_asset
from livetalk.data.heads.photo.anatomy import Anatomy
from livetalk.data.heads.photo.closet import MAKEHUMAN, Closet
from livetalk.data.heads.photo.fasten import base_points, load_topology, worn
from livetalk.data.heads.photo.outfit import LASHES, Outfit
from livetalk.data.heads.photo.skin import read_skin
from livetalk.data.heads.photo.textures import UNITS, upload
from livetalk.data.heads.uniforms import linear

if TYPE_CHECKING:
    import moderngl

_LASHES = 4  # kind
_TONED = 0.85  # how far a skin's picture is drawn to the look's own tone


class PhotoFace:
    """Owns all that moves with the action shapes, and the map that a person's skin is painted on."""

    def __init__(self, gl: "moderngl.Context", size: int, closet: Closet, anatomy: Anatomy) -> None:
        self._gl, self._closet = gl, closet
        asset = anatomy.asset
        count = len(asset.points)
        self._shapes = [gl.buffer(np.ascontiguousarray(x, "f4").tobytes()) for x in (asset.action, asset.turns)]
        for place, buffer in enumerate(self._shapes):
            buffer.bind_to_storage_buffer(place)
        self._points = gl.buffer(reserve=count * 24)
        fixed = np.hstack([asset.points, asset.columns, asset.kind[:, None], asset.openness, anatomy.texture])
        names = ("rest", "columns", "sort", "openness", "uv")
        layout = [(self._points, "3f 3f", "point", "normal"),
                  (gl.buffer(fixed.astype("f4").tobytes()), "3f 4f 1f 4f 2f", *names)]  # fmt: skip
        kinds = asset.kind[asset.triangles]
        skin, lash = (kinds == 0).all(1), (kinds == _LASHES).all(1)
        self._parts: dict[str, moderngl.VertexArray] = {}
        for name, fragment, words, chosen in (
            ("skin", "photo_skin.frag", ("PHOTO",), skin),
            ("inner", "photo_inner.frag", ("PHOTO",), ~skin & ~lash),
            ("lashes", "photo_inner.frag", ("PHOTO",), lash),
            ("shadow", "photo_shadow.frag", ("PHOTO", "SHADOW"), skin),
        ):
            program = make_program(gl, "face.vert", fragment, *words, units=UNITS)
            set_values(program, vertices=count)
            index = gl.buffer(asset.triangles[chosen].astype("i4").tobytes())
            self._parts[name] = gl.vertex_array(program, layout, index, skip_errors=True)
        self._eyes = eyeballs(gl, make_program(gl, "eye.vert", "photo_eye.frag", "PHOTO", units=UNITS))
        self._pictures = {
            "teeth": upload(gl, closet.picture(f"{MAKEHUMAN}/teeth/materials/teeth.png", "RGB")),
            "lashes": upload(gl, closet.picture(f"{MAKEHUMAN}/eyelashes/{LASHES}/{LASHES}.png", "RGBA")),
        }
        self._make_map(size)

    def _make_map(self, size: int) -> None:
        import moderngl

        gl = self._gl
        corners = headmap.corners(load_asset(), load_topology().corners)
        names = ("place", "rest", "columns", "above", "uv")
        self._painting = make_program(gl, "paint.vert", "paint.frag", "PHOTO", units=UNITS)
        self._paint = gl.vertex_array(self._painting, [(gl.buffer(corners.tobytes()), "3f 3f 4f 1f 2f", *names)])
        self._brow_program = make_program(gl, "photo_brow.vert", "photo_brow.frag", "PHOTO", units=UNITS)
        finer = 2 if size > 300 else 1
        wide, tall = (side * finer for side in headmap.SIZE)
        self._map = gl.texture((wide, tall), 4)
        set_options(self._map, filter=(moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR), anisotropy=4.0)
        self._map_canvas = gl.framebuffer([self._map], gl.depth_renderbuffer((wide, tall)))

    def put_on(self, look: Look, outfit: Outfit, person: Person) -> None:
        """Paints the person's skin, brows and clothes."""
        gl, skin = self._gl, read_skin(self._closet, outfit.skin)
        self._points.write(np.hstack([person.points, person.normals]).astype("f4").tobytes())
        gain = (linear(look.skin.tone) / skin.tone) ** _TONED
        red, green, blue = gain.tolist()
        set_values(self._painting, tone=(red, green, blue, 0.12 if look.is_man else 0.4))
        picture = upload(gl, skin.picture, fine=4.0)
        picture.use(UNITS["skin_picture"])
        self._map_canvas.use()
        set_options(self._map_canvas, color_mask=(True, True, True, True))
        self._map_canvas.clear()
        self._paint.render()
        picture.release()
        self._paint_brows(outfit.brows)
        self._map.build_mipmaps()

    def _paint_brows(self, name: str) -> None:
        gl, mesh = self._gl, self._closet.fastened(f"eyebrows/{name}/{name}")
        points = worn(mesh, base_points(load_asset().points))
        data = gl.buffer(np.hstack([points, mesh.texture]).astype("f4").tobytes())
        index = gl.buffer(mesh.triangles.astype("i4").tobytes())
        array = gl.vertex_array(self._brow_program, [(data, "3f 2f", "point", "uv")], index)
        picture = upload(gl, self._closet.picture(f"{MAKEHUMAN}/eyebrows/{name}/{name}.png", "RGBA"), fine=4.0)
        picture.use(UNITS["brows"])
        set_options(self._map_canvas, color_mask=(True, True, True, False))  # the fourth is shine
        gl.disable(gl.DEPTH_TEST)
        gl.enable(gl.BLEND)
        array.render()
        gl.disable(gl.BLEND)
        gl.enable(gl.DEPTH_TEST)
        for thing in (array, data, index, picture):
            thing.release()

    def begin(self) -> None:
        """Binds what all frames share."""
        self._map.use(UNITS["map"])
        for name, picture in self._pictures.items():
            picture.use(UNITS[name])

    def cast(self) -> None:
        """Draws what throws shadows."""
        self._parts["shadow"].render()

    def draw(self) -> None:
        """Draws what is solid."""
        self._parts["skin"].render()
        self._parts["inner"].render()
        self._eyes.render(instances=2)

    def draw_soft(self) -> None:
        """Draws lashes, blended over what is there."""
        self._parts["lashes"].render()
