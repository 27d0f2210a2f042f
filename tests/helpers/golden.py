"""The recorded cases of `tests/golden`."""

from pathlib import Path

from torch import Tensor

from livetalk.parity.parity import read_tensors

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(case: str, name: str = "io") -> dict[str, Tensor]:
    """Tensors of a case: `io` or `weights`."""
    return read_tensors(GOLDEN / case / f"{name}.safetensors")
