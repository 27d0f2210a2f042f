"""Promises of convolutions written as products: the same integers, from any width, step, stride and padding."""

import numpy as np
import onnxruntime
import pytest

from livetalk.voice import products
from livetalk.voice.products import as_products

INT32 = 6


def _value(name: str, kind: int) -> bytes:
    """A graph's input or output: only its kind of numbers is said."""
    tensor = products._field(1, kind)
    return products._field(1, name.encode()) + products._field(2, products._field(1, tensor))


def _ints(name: str, values: list[int]) -> bytes:
    written = products._field(products.ATTRIBUTE_NAME, name.encode())
    written += b"".join(products._field(products.ATTRIBUTE_INTS, value) for value in values)
    return products._field(products.NODE_ATTRIBUTE, written + products._field(products.ATTRIBUTE_TYPE, 7))


def _model(kernel: np.ndarray, group: int = 1, **attributes: list[int]) -> bytes:
    """Two convolutions of one image with one kernel, added."""
    graph, writer = b"", products._Writer()
    weights, zero = writer.constant(kernel, "w"), writer.constant(np.array(3, np.uint8), "w0")
    for out in ("a", "b"):
        node = products._node("ConvInteger", ["x", weights, "x0", zero], out, group=group)
        graph += products._field(1, node + b"".join(_ints(*pair) for pair in attributes.items()))
    graph += products._field(1, products._node("Add", ["a", "b"], "y"))
    graph += b"".join(products._field(5, tensor) for tensor in writer.tensors.values())
    graph += products._field(2, b"g") + products._field(11, _value("x", products.UINT8))
    graph += products._field(11, _value("x0", products.UINT8)) + products._field(12, _value("y", INT32))
    return products._field(1, 9) + products._field(7, graph) + products._field(8, products._field(2, 20))


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
