"""Hair, clothes and glasses of a photographed-looking head on the GPU."""

from typing import TYPE_CHECKING

import numpy as np

from livetalk.data.heads import glasses
from livetalk.data.heads.gl import make_program, set_values
from livetalk.data.heads.look import Look
from livetalk.data.heads.mesh import Person
from livetalk.data.heads.photo.closet import Closet
from livetalk.data.heads.photo.clothes import cloth_picture, worn_cloth
from livetalk.data.heads.photo.hair import hair_picture, mirrored, worn_hair
from livetalk.data.heads.photo.outfit import SWEPT, Outfit
from livetalk.data.heads.photo.textures import UNITS, upload
from livetalk.data.heads.uniforms import linear

if TYPE_CHECKING:
    import moderngl

_HAIR, _CLOTH = "3f 3f 2f 1f", "3f 3f 2f"
_EARS = 0.71  # decimetres from the middle where temples end: hair lies over them
_GLASSES = "3f 3f 3f 2f 4f"


class Extras:
    """Owns what is worn by the person that is dressed."""

    def __init__(self, gl: "moderngl.Context", closet: Closet) -> None:
        self._gl, self._closet = gl, closet

        def program(part: str, *words: str) -> "moderngl.Program":
            fragment = "photo_shadow.frag" if words else f"photo_{part}.frag"
            return make_program(gl, f"photo_{part}.vert", fragment, "PHOTO", *words, units=UNITS)

        self._programs = {
            "hair": program("hair"), "hair shadow": program("hair", "SHADOW", "HAIR"),
            "cloth": program("cloth"), "cloth shadow": program("cloth", "SHADOW"),
            "glasses": make_program(gl, "strand.vert", "strand.frag"),
        }  # fmt: skip
        self._drawn: dict[str, moderngl.VertexArray] = {}
        self._held: list[moderngl.Buffer | moderngl.Texture] = []
        self._pictures: list[tuple[moderngl.Texture, int]] = []

    def put_on(self, look: Look, outfit: Outfit, person: Person) -> float:
        """Puts hair, clothes and glasses on; returns the mean luminance of the hair's picture."""
        for thing in (*self._drawn.values(), *self._held):
            thing.release()
        self._drawn, self._held, self._pictures = {}, [], []
        level = 1.0
        if outfit.hair:
            picture, level = hair_picture(self._closet, outfit.hair)
            mesh = self._closet.fastened(f"hair/{outfit.hair}/{outfit.hair}")
            worn = worn_hair(mesh, person, outfit.hair in SWEPT)
            self._keep("hair", picture)
            names = ("point", "normal", "uv", "outer")
            self._shape(("hair", "hair shadow"), *(mirrored(*worn) if outfit.hair_mirrored else worn), _HAIR, *names)
        if outfit.cloth:
            picture, mean = cloth_picture(self._closet, outfit.cloth)
            worn = worn_cloth(self._closet.fastened(f"clothes/{outfit.cloth}/{outfit.cloth}"), person)
            self._keep("cloth", picture)
            gain = linear(look.clothes.colour) / mean
            red, green, blue = (1 + outfit.dye * (gain - 1)).tolist()
            set_values(self._programs["cloth"], dye=(red, green, blue, outfit.dye))
            self._shape(("cloth", "cloth shadow"), *worn, _CLOTH, "point", "normal", "uv")
        if look.glasses is not None:
            names = ("point", "along", "normal", "uv", "kind")
            self._shape(("glasses",), *glasses.frame(look, person, _EARS), _GLASSES, *names)
        return level

    def _keep(self, part: str, picture: np.ndarray) -> None:
        texture = upload(self._gl, picture, fine=4.0)
        self._held.append(texture)
        self._pictures.append((texture, UNITS[f"{part}_picture"]))

    def _shape(
        self, parts: tuple[str, ...], vertices: np.ndarray, triangles: np.ndarray, layout: str, *names: str
    ) -> None:
        data, index = self._gl.buffer(vertices.tobytes()), self._gl.buffer(triangles.astype("i4").tobytes())
        self._held += [data, index]
        for part in parts:
            content = [(data, layout, *names)]
            self._drawn[part] = self._gl.vertex_array(self._programs[part], content, index, skip_errors=True)

    def begin(self) -> None:
        """Binds what all frames share."""
        for texture, unit in self._pictures:
            texture.use(unit)

    def cast(self) -> None:
        """Draws what throws shadows."""
        self._draw("hair shadow")
        self._draw("cloth shadow")

    def draw(self) -> None:
        """Draws what is solid."""
        self._draw("cloth")
        self._draw("glasses")

    def draw_hair(self, edges: bool) -> None:
        """Draws what is solid of hair, or its soft edges."""
        set_values(self._programs["hair"], edges=int(edges))
        self._draw("hair")

    def _draw(self, part: str) -> None:
        if part in self._drawn:
            self._drawn[part].render()
