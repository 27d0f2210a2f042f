"""Light of real surroundings: a panorama as harmonics, one soft main light, and what is seen behind the head.

Knows panoramas and directions (x to the picture's right, y up, z towards the camera); knows no head and no shader.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

LUMINANCE = (0.2, 0.7, 0.1)  # of linear red, green and blue, as in shaders/photo.glsl
_SMALL = (32, 64)  # of the panorama that light is measured on
_CONE = np.cos(np.radians(24))  # of the main light
_MOST_KEY = 1.15  # the main light over all other light that falls on the face: webcams do not stand in the sun
_BANDS = np.array([1.0, *[2 / 3] * 3, *[1 / 4] * 5])  # a matt surface's answer to harmonics, over pi


def ways(height: int, width: int) -> Float[np.ndarray, "h w 3"]:
    """Direction of each pixel of a panorama whose middle looks along z."""
    polar = (np.arange(height) + 0.5) / height * np.pi
    azimuth = ((np.arange(width) + 0.5) / width - 0.5) * 2 * np.pi
    ring = np.sin(polar)[:, None]
    return np.stack([ring * np.sin(azimuth), np.broadcast_to(np.cos(polar)[:, None], (height, width)),
                     ring * np.cos(azimuth)], -1)  # fmt: skip


def harmonics(way: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 9"]:
    """The nine real spherical harmonics up to degree two."""
    x, y, z = np.moveaxis(way, -1, 0)
    parts = [0.282095 + 0 * x, 0.488603 * y, 0.488603 * z, 0.488603 * x, 1.092548 * x * y, 1.092548 * y * z,
             0.315392 * (3 * z * z - 1), 1.092548 * x * z, 0.546274 * (x * x - y * y)]  # fmt: skip
    return np.stack(parts, -1)


@dataclass(frozen=True)
class Lighting:
    """Light that falls on a head, exposed as a camera would."""

    panorama: Float[np.ndarray, "h w 3"]  # turned, exposed, balanced
    harmonics: Float[np.ndarray, "9 3"]  # of the light that a matt surface sends on, without the main light
    key_way: Float[np.ndarray, "3"]
    key_light: Float[np.ndarray, "3"]

    def matt(self, normal: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """What a white matt surface that faces this way sends on."""
        key = np.maximum(normal @ self.key_way, 0)[..., None] * self.key_light
        return np.maximum(harmonics(normal) @ self.harmonics, 0) + key


def _reduced(panorama: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = panorama.shape[:2]
    return panorama.reshape(size[0], height // size[0], size[1], width // size[1], 3).mean((1, 3))


def measure(panorama: Float[np.ndarray, "h w 3"]) -> Lighting:
    """Harmonics and main light of a panorama as it is turned."""
    small = _reduced(panorama, _SMALL)
    way = ways(*_SMALL)
    solid = np.sin((np.arange(_SMALL[0]) + 0.5) / _SMALL[0] * np.pi)[:, None] * (np.pi / _SMALL[0]) ** 2
    solid = np.broadcast_to(solid, _SMALL) * (2 * np.pi / _SMALL[1]) / (np.pi / _SMALL[0])
    luminance = small @ LUMINANCE
    upper = np.clip((way[..., 1] + 0.25) / 0.4, 0, 1) * np.clip((way[..., 2] + 0.5) / 0.5, 0, 1)
    weight = luminance**2 * solid * upper
    key = np.einsum("hw,hwx->x", weight, way)
    key /= np.linalg.norm(key) + 1e-9
    inside = np.clip((way @ key - _CONE) / (1 - _CONE) * 3, 0, 1)[..., None]
    around = np.minimum(small, np.median(small.reshape(-1, 3), 0) * 1.5)
    main = (small - around).clip(0) * inside
    light = np.einsum("hwc,hw->c", main, solid) / np.pi
    rest = np.einsum("hwk,hwc,hw->kc", harmonics(way), small - main, solid) * _BANDS[:, None]
    found = Lighting(panorama, rest, key, light)
    front = np.maximum(harmonics(np.array([0, 0.1, 0.99])) @ rest, 1e-6) @ LUMINANCE
    share = _MOST_KEY * front / max(float(light @ LUMINANCE), 1e-9)
    return Lighting(found.panorama, rest, key, light * min(1.0, share))


_FACE = np.array([(0, 0.1, 1), (0.6, 0.1, 0.8), (-0.6, 0.1, 0.8), (0, 0.6, 0.8), (0, -0.4, 0.9)])


def exposed(found: Lighting, level: float, balance: float) -> Lighting:
    """The same as a camera shows it: a white face would send on `level`; its colour is drawn to grey by `balance`."""
    face = found.matt(_FACE / np.linalg.norm(_FACE, axis=1, keepdims=True)).mean(0)
    grey = face @ LUMINANCE
    gain = level / grey * (grey / np.maximum(face, 1e-6)) ** balance
    return Lighting(found.panorama * gain, found.harmonics * gain, found.key_way, found.key_light * gain)


def turned(panorama: Float[np.ndarray, "h w 3"], share: float) -> Float[np.ndarray, "h w 3"]:
    """The panorama turned about the vertical by a share of a full turn."""
    return np.roll(panorama, round(share * panorama.shape[1]), 1)


def quality(found: Lighting) -> float:
    """How well a turn of the surroundings lights a face: from the front, and not against the light."""
    face, back = found.matt(np.array([[0.0, 0.1, 0.99], [0.0, 0.0, -1.0]])) @ LUMINANCE
    behind = found.panorama[96:160]
    behind = np.concatenate([behind[:, :64], behind[:, -64:]], 1) @ LUMINANCE
    glare = np.minimum(behind / (face * 2.5 + 1e-9), 3).mean()
    return float(face / (face + back) - 0.35 * glare)


def behind(found: Lighting, size: int, field: float, blur: float) -> Float[np.ndarray, "s s 3"]:
    """What the camera sees behind the head, linear, out of focus; `field`: angle of view, `blur`: a share of it."""
    reach = np.tan(field / 2) * (1 - 2 * (np.arange(size) + 0.5) / size)
    ones = np.ones((size, size))
    way = np.stack([-reach * ones, reach[:, None] * ones, -ones], -1)
    way /= np.linalg.norm(way, axis=-1, keepdims=True)
    height, width = found.panorama.shape[:2]
    row = np.arccos(way[..., 1]) / np.pi * height - 0.5
    column = (np.arctan2(way[..., 0], way[..., 2]) / (2 * np.pi) + 0.5) * width - 0.5
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    down, right = (row - top)[..., None], (column - left)[..., None]
    bright = np.minimum(found.panorama, 3.0)

    def taken(below: int, beside: int) -> np.ndarray:
        return bright[(top + below).clip(0, height - 1), (left + beside) % width]

    upper, lower = (taken(k, 0) * (1 - right) + taken(k, 1) * right for k in (0, 1))
    return _blurred(_blurred(upper * (1 - down) + lower * down, blur * size).swapaxes(0, 1), blur * size).swapaxes(0, 1)


def _blurred(image: Float[np.ndarray, "h w 3"], width: float) -> Float[np.ndarray, "h w 3"]:
    """Blurred from top to bottom by a normal curve of this width, pixels."""
    reach = int(np.ceil(2.5 * width))
    curve = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    padded = np.pad(image, ((reach, reach), (0, 0), (0, 0)), mode="edge")
    return sum(
        (share * padded[k : k + len(image)] for k, share in enumerate(curve / curve.sum())), np.zeros_like(image)
    )


def developed(light: Float[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """Light as the film shows it; as `developed` of the shaders."""
    c = 1 - np.exp(-1.3 * np.maximum(light, 0))
    c = np.where(c > 0.0031308, 1.055 * np.maximum(c, 1e-5) ** (1 / 2.4) - 0.055, c * 12.92)
    c += 0.18 * (c * c * (3 - 2 * c) - c)
    return np.round(np.clip(c, 0, 1) * 255).astype(np.uint8)
