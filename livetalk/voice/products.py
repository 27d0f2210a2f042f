"""Convolutions of an 8-bit ONNX model written as matrix products, which give the same numbers in half the time.

onnxruntime's ConvInteger multiplies unsigned bytes by unsigned bytes. Processors with VNNI multiply unsigned by signed
ones four times as fast, and MatMulInteger can ask for that: the image is moved by 128 into signed bytes, its shifted
copies are laid under each other, and the kernel is a matrix. Integers all the way, so nothing is rounded otherwise.

Reads and writes as much of ONNX' protobuf as that takes. Knows no model in particular.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import SupportsIndex

import numpy as np

MODEL_GRAPH, GRAPH_NODE, GRAPH_INITIALIZER = 7, 1, 5
NODE_INPUT, NODE_OUTPUT, NODE_NAME, NODE_KIND, NODE_ATTRIBUTE = 1, 2, 3, 4, 5
ATTRIBUTE_NAME, ATTRIBUTE_INT, ATTRIBUTE_INTS, ATTRIBUTE_TYPE = 1, 3, 8, 20
TENSOR_DIMS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9
UINT8, INT8, INT64 = 2, 3, 7
TYPES = {UINT8: np.dtype("u1"), INT8: np.dtype("i1"), INT64: np.dtype("<i8")}
TO_THE_END = 1 << 40
OURS = "livetalk/"  # begins the names of what is added

Value = int | memoryview


def fast_signed() -> bool:
    """Whether this processor has the instructions that make it worth while (and exact: older ones saturate)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_vnni" in flags or "avx_vnni" in flags


def as_products(model: bytes) -> bytes:
    """The model with its one-dimensional convolutions of bytes as products. What is none of these stays as it is."""
    out: list[bytes | memoryview] = []
    for number, value, whole in _fields(memoryview(model)):
        if number == MODEL_GRAPH and isinstance(value, memoryview):
            out += _head(MODEL_GRAPH, sum(map(len, parts := _graph(value)))), *parts
        else:
            out.append(whole)
    return b"".join(out)


@dataclass
class _Writer:
    """What is added to a graph."""

    tensors: dict[str, bytes] = field(default_factory=dict)
    signed: set[str] = field(default_factory=set)  # values that exist as signed bytes, too

    def constant(self, array: np.ndarray, name: str | None = None) -> str:
        """The name under which the graph finds the array."""
        name = OURS + (name or f"{array.dtype}{array.shape}{array.ravel().tolist()}")
        if name not in self.tensors:
            kind = next(kind for kind, dtype in TYPES.items() if dtype == array.dtype)
            dims = b"".join(_field(TENSOR_DIMS, size) for size in array.shape)
            head = dims + _field(TENSOR_TYPE, kind) + _field(TENSOR_NAME, name.encode())
            self.tensors[name] = head + _field(TENSOR_RAW, array.tobytes())
        return name

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def as_signed(self, value: str) -> Iterator[bytes]:
        """Nodes that move unsigned bytes by 128; their result is called `_signed(value)`."""
        if value not in self.signed:
            self.signed.add(value)
            mask = self.constant(np.array(128, np.uint8))
            yield _node("BitwiseXor", [value, mask], f"{_signed(value)}/moved")
            yield _node("Cast", [f"{_signed(value)}/moved"], _signed(value), to=INT8)

    def product(self, conv: "_Node", kernel: np.ndarray) -> Iterator[bytes]:
        """Nodes that give what the convolution gives. kernel: uint8 [out, in, width]."""
        (image, weights, image_zero, kernel_zero), out = conv.inputs, conv.outputs[0]
        width, ours = kernel.shape[2], OURS + out
        step, stride = conv.ints.get("dilations", [1])[0], conv.ints.get("strides", [1])[0]
        before, after = conv.ints.get("pads", [0, 0])
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


@dataclass(frozen=True)
class _Node:
    inputs: list[str]
    outputs: list[str]
    kind: str
    ints: dict[str, list[int]]


def _graph(data: memoryview) -> list[bytes | memoryview]:
    parts = list(_fields(data))
    # A kernel is read by convolutions of one kind only, so it goes when they do.
    tensors = {_text(t, TENSOR_NAME): t for n, t, _ in parts if n == GRAPH_INITIALIZER and isinstance(t, memoryview)}
    writer, nodes, done = _Writer(), list[bytes | memoryview](), set[str]()
    for number, value, whole in parts:
        if number != GRAPH_NODE or not isinstance(value, memoryview):
            continue
        conv = _read_node(value)
        kernel = _kernel(conv, tensors) if conv.kind == "ConvInteger" else None
        if kernel is None:
            nodes.append(whole)
        else:
            nodes += (_field(GRAPH_NODE, node) for node in writer.product(conv, kernel))
            done.add(conv.inputs[1])
    others = [
        whole
        for number, value, whole in parts
        if number != GRAPH_NODE
        and not (number == GRAPH_INITIALIZER and isinstance(value, memoryview) and _text(value, TENSOR_NAME) in done)
    ]
    return [*nodes, *others, *(_field(GRAPH_INITIALIZER, tensor) for tensor in writer.tensors.values())]


def _kernel(conv: _Node, tensors: dict[str, memoryview]) -> np.ndarray | None:
    """The weights of a convolution that can be a product."""
    tensor = tensors.get(conv.inputs[1])
    if tensor is None or len(conv.inputs) != 4 or conv.ints.get("group", [1]) != [1]:
        return None
    found: dict[int, list[Value]] = {}
    for number, value, _ in _fields(tensor):
        found.setdefault(number, []).append(value)
    dims = [size for value in found.get(TENSOR_DIMS, []) for size in _numbers(value)]
    if found.get(TENSOR_TYPE) != [UINT8] or len(dims) != 3 or TENSOR_RAW not in found:
        return None
    return np.frombuffer(found[TENSOR_RAW][0], np.uint8).reshape(dims)  # type: ignore[arg-type]


def _read_node(data: memoryview) -> _Node:
    inputs, outputs, ints = list[str](), list[str](), dict[str, list[int]]()
    for number, value, _ in _fields(data):
        if not isinstance(value, memoryview):
            continue
        if number in (NODE_INPUT, NODE_OUTPUT):
            (inputs if number == NODE_INPUT else outputs).append(bytes(value).decode())
        elif number == NODE_ATTRIBUTE:
            wanted = (v for n, v, _ in _fields(value) if n in (ATTRIBUTE_INT, ATTRIBUTE_INTS))
            ints[_text(value, ATTRIBUTE_NAME)] = [number for v in wanted for number in _numbers(v)]
    return _Node(inputs, outputs, _text(data, NODE_KIND), ints)


def _node(kind: str, inputs: list[str], output: str, **ints: int) -> bytes:
    written = b"".join(_field(NODE_INPUT, name.encode()) for name in inputs) + _field(NODE_OUTPUT, output.encode())
    written += _field(NODE_NAME, f"{OURS}{kind}/{output}".encode()) + _field(NODE_KIND, kind.encode())
    for name, value in ints.items():
        attribute = _field(ATTRIBUTE_NAME, name.encode()) + _field(ATTRIBUTE_INT, value) + _field(ATTRIBUTE_TYPE, 2)
        written += _field(NODE_ATTRIBUTE, attribute)
    return written


def _signed(value: str) -> str:
    return f"{OURS}{value}/signed"


def _fields(data: memoryview) -> Iterator[tuple[int, Value, memoryview]]:
    """(number, value, the whole field as it is written) of a message; values of fixed width are skipped over."""
    place = 0
    while place < len(data):
        start = place
        key, place = _varint(data, place)
        value: Value
        match key & 7:
            case 0:
                value, place = _varint(data, place)
            case 2:
                size, place = _varint(data, place)
                value, place = data[place : place + size], place + size
            case kind:
                size = {1: 8, 5: 4}[kind]
                value, place = data[place : place + size], place + size
        yield key >> 3, value, data[start:place]


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[place]
        result |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return result, place


def _numbers(value: Value) -> list[int]:
    """Integers that are written one by one or packed."""
    if isinstance(value, int):
        return [value]
    found, place = [], 0
    while place < len(value):
        number, place = _varint(value, place)
        found.append(number)
    return found


def _text(data: memoryview, wanted: int) -> str:
    found = (bytes(v).decode() for n, v, _ in _fields(data) if n == wanted and isinstance(v, memoryview))
    return next(found, "")


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _written(number << 3) + _written(value)
    return _head(number, len(value)) + value


def _head(number: int, size: int) -> bytes:
    return _written(number << 3 | 2) + _written(size)


def _written(number: SupportsIndex) -> bytes:
    rest, out = int(number), bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*out, rest])
