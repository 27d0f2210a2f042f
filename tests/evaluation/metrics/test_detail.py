"""Detail falls with blur, rises with noise, and does not care for what mouth and eyes do."""

import numpy as np
from scipy.ndimage import gaussian_filter

from livetalk.evaluation.metrics.detail import detail, still_skin
from tests.evaluation.metrics.test_texture import CENTRES, drawn_face, drawn_mesh


def test_blur_takes_it_and_noise_adds_to_it() -> None:
    face, mesh = drawn_face(), drawn_mesh()
    soft = gaussian_filter(face, (1.5, 1.5, 0))
    noise = np.random.default_rng(0).normal(0, 12, face.shape[:2])[..., None]
    rough = (face + noise).clip(0, 255).astype(np.uint8)
    assert detail(soft, mesh) < 0.5 * detail(face, mesh) < 0.5 * detail(rough, mesh)


def test_eyes_and_mouth_are_left_out() -> None:
    face, mesh = drawn_face(), drawn_mesh()
    changed = face.copy()
    for name in ("left eye", "right eye", "mouth"):
        x, y = CENTRES[name]
        changed[y - 6 : y + 7 : 2, x - 6 : x + 7] = 255
    assert detail(changed, mesh) == detail(face, mesh)
    skin = still_skin(mesh, 200, 200)
    assert not any(skin[y, x] for name, (x, y) in CENTRES.items() if name != "nose")
    assert skin[CENTRES["nose"][1], CENTRES["nose"][0]]


def test_without_a_face_there_is_none() -> None:
    assert detail(drawn_face(), np.full((478, 2), np.nan)) == 0
