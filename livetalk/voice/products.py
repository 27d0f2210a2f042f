"""ONNX rewrite of 8-bit convolutions as matrix products: the same numbers in half the time.

onnxruntime's ConvInteger multiplies unsigned bytes by unsigned bytes. Processors with VNNI multiply unsigned by signed
ones four times as fast, and MatMulInteger can ask for that: the image is moved by 128 into signed bytes, its shifted
copies are laid under each other, and the kernel is a matrix. Integers all the way, so nothing is rounded otherwise.

The rewritten model is kept in the cache: reading ONNX takes its package, half a second and three times the model's
memory. Knows no model in particular.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livetalk.runtime.cache import cache

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

VERSION = 1  # of what is written here; another one is kept beside it
TO_THE_END = 1 << 40
OURS = "livetalk/"  # begins the names of what is added


def fast_signed() -> bool:
    """True if this processor has the instructions that make it worth while (and exact: older ones saturate)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_vnni" in flags or "avx_vnni" in flags


def kept_products(name: str, read: Callable[[], bytes]) -> bytes:
    """`as_products` of the model that `read` gives; from the cache, if it has it under `name`."""
    kept = cache() / f"{name}-products{VERSION}.onnx"
    if kept.is_file():
        return kept.read_bytes()
    made = as_products(read())
    new = kept.with_name(f".{kept.name}.{os.getpid()}")
    with suppress(OSError):  # a cache that cannot be written to costs time at every start, nothing else
        kept.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(made)
        new.replace(kept)
    with suppress(OSError):
        new.unlink(missing_ok=True)
    return made


def as_products(model: bytes) -> bytes:
    """The model with its one-dimensional convolutions of bytes as products. What is none of these stays as it is.

    Raises ValueError if the package that reads ONNX is missing.
    """
    try:
        import onnx
    except ImportError as missing:
        raise ValueError("speaking needs onnx: pip install 'livetalk[talk]'") from missing
    read = onnx.ModelProto.FromString(model)
    graph = read.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    rewriter, nodes, done = _Rewriter(), list["NodeProto"](), set[str]()
    for node in graph.node:
        kernel = _kernel(node, tensors) if node.op_type == "ConvInteger" else None
        if kernel is None:
            nodes.append(node)
        else:
            nodes += rewriter.product(node, kernel)
            done.add(node.input[1])
    # A kernel is read by convolutions of one kind only, so it goes when they do.
    kept = [tensor for tensor in graph.initializer if tensor.name not in done]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*kept, *rewriter.tensors.values()])
    return read.SerializeToString()


def _kernel(node: "NodeProto", tensors: dict[str, "TensorProto"]) -> np.ndarray | None:
    """The weights of a convolution that can be a product."""
    from onnx import TensorProto, numpy_helper

    tensor = tensors.get(node.input[1])
    if tensor is None or len(node.input) != 4 or _ints(node, "group", [1]) != [1]:
        return None
    if tensor.data_type != TensorProto.UINT8 or len(tensor.dims) != 3:
        return None
    return numpy_helper.to_array(tensor)


def _ints(node: "NodeProto", name: str, default: list[int]) -> list[int]:
    """An attribute of whole numbers, one or several."""
    found = next((attribute for attribute in node.attribute if attribute.name == name), None)
    return default if found is None else list(found.ints) or [found.i]


@dataclass
class _Rewriter:
    """What is added to a graph."""

    tensors: dict[str, "TensorProto"] = field(default_factory=dict)
    signed: set[str] = field(default_factory=set)  # values that exist as signed bytes, too

    def constant(self, array: np.ndarray, name: str | None = None) -> str:
        """The name under which the graph finds the array."""
        from onnx import numpy_helper

        name = OURS + (name or f"{array.dtype}{array.shape}{array.ravel().tolist()}")
        if name not in self.tensors:
            self.tensors[name] = numpy_helper.from_array(array, name)
        return name

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def as_signed(self, value: str) -> Iterator["NodeProto"]:
        """Nodes that move unsigned bytes by 128; their result is called `_signed(value)`."""
        if value not in self.signed:
            self.signed.add(value)
            mask = self.constant(np.array(128, np.uint8))
            yield _node("BitwiseXor", [value, mask], f"{_signed(value)}/moved")
            yield _node("Cast", [f"{_signed(value)}/moved"], _signed(value), to=3)  # int8

    def product(self, conv: "NodeProto", kernel: np.ndarray) -> Iterator["NodeProto"]:
        """Nodes that give what the convolution gives. kernel: uint8 [out, in, width]."""
        (image, weights, image_zero, kernel_zero), out = conv.input, conv.output[0]
        width, ours = kernel.shape[2], OURS + out
        step, stride = _ints(conv, "dilations", [1])[0], _ints(conv, "strides", [1])[0]
        before, after = _ints(conv, "pads", [0, 0])
        yield from self.as_signed(image)
        yield from self.as_signed(image_zero)
        rows = _signed(image)
        if before or after:
            rows = f"{ours}/padded"
            yield _node("Pad", [_signed(image), self.ints(0, 0, before, 0, 0, after), _signed(image_zero)], rows)
        if width > 1 or stride > 1:
            shifted = [f"{ours}/{place}" for place in range(width)]
            for place, name in enumerate(shifted):
                behind = (width - 1 - place) * step
                end = self.ints(-behind if behind else TO_THE_END)
                yield _node("Slice", [rows, self.ints(place * step), end, self.ints(2), self.ints(stride)], name)
            rows = f"{ours}/rows"
            yield _node("Concat", shifted, rows, axis=1)
        matrix = np.ascontiguousarray(kernel.transpose(0, 2, 1).reshape(1, len(kernel), -1))
        left = self.constant(matrix, weights)
        yield _node("MatMulInteger", [left, rows, kernel_zero, _signed(image_zero)], out)


def _node(kind: str, inputs: list[str], output: str, **ints: int) -> "NodeProto":
    from onnx import helper

    node = helper.make_node(kind, inputs, [output], f"{OURS}{kind}/{output}")
    node.attribute.extend(helper.make_attribute(name, value) for name, value in ints.items())
    return node


def _signed(value: str) -> str:
    return f"{OURS}{value}/signed"
