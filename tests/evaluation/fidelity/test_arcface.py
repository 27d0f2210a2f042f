"""Faces are brought to ArcFace's template, and files of other networks are refused in a sentence."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from torch import Tensor, nn

from livetalk.evaluation.fidelity.arcface import TEMPLATE, aligned_chip, load_arcface, similarity_onto
from tests.evaluation.fidelity.film_files import portrait
from tests.evaluation.fidelity.networks import SmallFace, write_script


class Flat(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten()


def _onnx(path: Path, side: int = 112) -> Path:
    """A network of the mean of each 14 x 14 pixels."""
    node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[14, 14], strides=[14, 14])
    flat = helper.make_node("Flatten", ["y"], ["z"])
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, side, side])
    gives = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    model = helper.make_model(helper.make_graph([node, flat], "g", [given], [gives]), ir_version=10)
    model.opset_import[0].version = 17
    onnx.save(model, path)
    return path


def test_both_kinds_of_files_embed_faces_and_tell_people_apart(tmp_path: Path) -> None:
    frames = np.stack([portrait(0), portrait(1), np.zeros_like(portrait(0))])
    scripted = load_arcface(write_script(tmp_path / "f.pt", SmallFace()))(frames)
    assert scripted.shape == (3, 192)
    assert np.isnan(scripted[2]).all()
    assert load_arcface(_onnx(tmp_path / "f.onnx"))(frames)[:2] == pytest.approx(scripted[:2], abs=1e-4)
    assert np.corrcoef(scripted[:2])[0, 1] < 0.95


def test_a_similarity_is_found_exactly() -> None:
    angle, scale, shift = 0.4, 1.7, np.array([12.0, -5.0])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = similarity_onto(TEMPLATE, TEMPLATE @ turn.T + shift)
    assert matrix[:, :2] == pytest.approx(turn)
    assert matrix[:, 2] == pytest.approx(shift)


def test_points_lie_where_the_template_has_them() -> None:
    frame = np.zeros((224, 224, 3), np.uint8)
    points = TEMPLATE * 2
    for x, y in points.round().astype(int):
        frame[y - 2 : y + 3, x - 2 : x + 3] = 255
    chip = aligned_chip(frame, points)
    assert all(chip[y, x, 0] > 200 for x, y in TEMPLATE.round().astype(int))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="takes no face of 112 x 112"):
        load_arcface(_onnx(tmp_path / "a.onnx", 96))
    with pytest.raises(ValueError, match=r"gives \[37632\] for a face instead of one row"):
        load_arcface(write_script(tmp_path / "b.pt", Flat()))
    (tmp_path / "c.onnx").write_text("no")
    with pytest.raises(ValueError, match="is no ONNX file"):
        load_arcface(tmp_path / "c.onnx")
    with pytest.raises(ValueError, match="is no TorchScript file"):
        load_arcface(Path(__file__))
