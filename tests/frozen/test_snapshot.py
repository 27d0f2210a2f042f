"""A session's snapshot has the parts it had, and one that was written before still opens a session."""

import lzma
from pathlib import Path
from typing import Any

import torch

from tests.helpers.frozen import goes_on, inside, snapshot

KEPT = Path(__file__).parent / "snapshot.pt.xz"
OLD = Path(__file__).parent / "snapshot_3.pt.xz"  # of version 0.7.0, which sharpened all portraits alike


def parts(value: Any) -> Any:
    """Names, dtypes and shapes; of numbers their kind. How many blocks are remembered depends on the moment."""
    if isinstance(value, dict):
        return {name: parts(each) for name, each in value.items()} | {"version": value.get("version")}
    if isinstance(value, list | tuple):
        return [parts(each) for each in value]
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {'x'.join(map(str, value.shape))}"
    return type(value).__name__


def layout(data: bytes) -> Any:
    """`parts` of a snapshot's bytes."""
    found = parts(inside(data))
    found["slot"] = [shape.partition("x")[2] for shape in found["slot"]]
    return found


def pale(data: bytes) -> dict[str, Any]:
    """A snapshot with the same number in all of a tensor, which takes next to no room."""
    return torch.utils._pytree.tree_map(
        lambda x: torch.full_like(x, 0.25) if isinstance(x, torch.Tensor) else x, inside(data)
    )


def test_a_snapshot_has_the_parts_it_had(frozen, tmp_path: Path) -> None:
    today = snapshot()
    frozen.same("snapshot", layout(today))
    if frozen.recording:
        torch.save(pale(today), tmp_path / "snapshot.pt")
        KEPT.write_bytes(lzma.compress((tmp_path / "snapshot.pt").read_bytes(), preset=9))


def test_a_snapshot_of_before_opens_a_session() -> None:
    assert KEPT.stat().st_size <= 20_000
    was = lzma.decompress(KEPT.read_bytes())
    now = snapshot(was)
    for before, after in zip(*(torch.utils._pytree.tree_leaves(inside(data)) for data in (was, now)), strict=True):
        assert torch.equal(before, after) if isinstance(before, torch.Tensor) else before == after


def test_a_snapshot_of_version_0_7_opens_a_session_that_goes_on() -> None:
    assert goes_on(lzma.decompress(OLD.read_bytes())).shape[1:] == (256, 256, 3)
