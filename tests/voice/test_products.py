"""Promises of convolutions written as products: the same integers, from any width, step, stride and padding."""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from livetalk.voice.products import as_products, kept_products


def _model(kernel: np.ndarray, group: int = 1, **attributes: list[int]) -> bytes:
    """Two convolutions of one image with one kernel, added."""
    inputs = ["x", "w", "x0", "w0"]
    nodes = [helper.make_node("ConvInteger", inputs, [out], group=group, **attributes) for out in ("a", "b")]
    values = {"x": TensorProto.UINT8, "x0": TensorProto.UINT8, "y": TensorProto.INT32}
    x, zero, y = (helper.make_tensor_value_info(name, kind, None) for name, kind in values.items())
    weights = [numpy_helper.from_array(kernel, "w"), numpy_helper.from_array(np.array(3, np.uint8), "w0")]
    graph = helper.make_graph([*nodes, helper.make_node("Add", ["a", "b"], ["y"])], "g", [x, zero], [y], weights)
    return helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString()


def _run(model: bytes, image: np.ndarray, zero: int) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": image, "x0": np.array(zero, np.uint8)})[0]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"pads": [5, 5], "dilations": [5]},
        {"pads": [2, 0]},
        {"strides": [2], "pads": [1, 2]},
        {"strides": [3], "dilations": [2]},
    ],
    ids=str,
)
@pytest.mark.parametrize("width", [1, 3])
def test_the_numbers_stay_the_same(attributes: dict[str, list[int]], width: int):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (1, 4, 37), np.uint8)
    kernel = rng.integers(0, 32, (6, 4, width), np.uint8)  # small: older processors saturate large ones
    model = _model(kernel, **attributes)
    rewritten = as_products(model)
    assert rewritten != model
    assert b"ConvInteger" not in rewritten
    assert (_run(model, image, 100) == _run(rewritten, image, 100)).all()


def test_what_cannot_be_a_product_stays_as_it_is():
    grouped = _model(np.ones((4, 1, 3), np.uint8), group=4)
    flat = _model(np.ones((4, 4, 3, 3), np.uint8))
    for model in (grouped, flat):
        kept = as_products(model)
        assert kept.count(b"ConvInteger") == model.count(b"ConvInteger")
        assert len(kept) == len(model)
    image = np.random.default_rng(0).integers(0, 256, (1, 4, 20), np.uint8)
    assert (_run(grouped, image, 7) == _run(as_products(grouped), image, 7)).all()


def test_a_rewritten_model_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVETALK_CACHE", str(tmp_path / "cache"))
    model = _model(np.ones((4, 4, 3), np.uint8))
    made = kept_products("voice", lambda: model)
    assert made == as_products(model)
    assert kept_products("voice", pytest.fail) == made
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_cache_that_cannot_be_written_to_is_none(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LIVETALK_CACHE", str(tmp_path / "file" / "cache"))
    model = _model(np.ones((4, 4, 3), np.uint8))
    assert kept_products("voice", lambda: model) == as_products(model)
