"""Libraries and habits that have one place in the package each."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator

from tests.helpers.source import Module, assert_only_shrinks, dotted, imported, nodes

# Where tensors become files and files tensors.
WEIGHT_FILES = {"weights.py", "published/files.py", "training/checkpoint.py"}
WEIGHT_FILES_ELSEWHERE: dict[str, int] = {
    "cli/console.py": 1,
    "conditions/speech_tiny.py": 1,
    "data/features.py": 2,
    "live/snapshots.py": 2,
    "parity/parity.py": 2,
    "recipes/distill/clips.py": 2,
    "recipes/distill/held_out.py": 2,
    "recipes/encoders/speech.py": 2,
}

DISTRIBUTED = {"training/distributed.py"}

# Underscored names of torch may go with any release.
PRIVATE = {"dit/compiled.py"}
PRIVATE_ELSEWHERE: dict[str, int] = {
    "benchmarks/flops.py": 1,
    "codec/base.py": 1,
    "live/snapshots.py": 1,
    "performer/accelerate.py": 1,
    "performer/memory_budget.py": 1,
    "performer/stages.py": 1,
    "training/optim.py": 1,
    "runtime/dtype.py": 2,
}


def test_weights_are_read_and_written_in_three_places() -> None:
    banned = re.compile(r"safetensors(\.|$)|torch\.(save|load)$")
    _assert_only_in(lambda path: path in WEIGHT_FILES, banned, WEIGHT_FILES_ELSEWHERE)


def test_one_module_knows_of_several_processes() -> None:
    _assert_only_in(lambda path: path in DISTRIBUTED, re.compile(r"torch\.distributed(\.|$)"), {})


def test_torch_is_used_by_its_public_names() -> None:
    def may(path: str) -> bool:
        return path in PRIVATE or path.startswith("nn/kernels/")

    _assert_only_in(may, re.compile(r"torch\.(\w+\.)*_(?!_)\w+$"), PRIVATE_ELSEWHERE)


def test_nothing_prints() -> None:
    found = [module.path for module, node in nodes() if isinstance(node, ast.Name) and node.id == "print"]
    assert not found, "commands speak through cli.console, servers through their log"


def test_uses_are_found_however_a_name_is_written() -> None:
    source = "import torch.distributed as d\nfrom torch import save\nfrom torch.utils import _pytree\ntorch._x.y(1)"
    some = Module("some.py", 4, ast.parse(source))
    used = {name for node in ast.walk(some.tree) for name in _used(some, node)}
    assert {"torch.distributed", "torch.save", "torch.utils._pytree", "torch._x"} <= used


def _assert_only_in(may: Callable[[str], bool], banned: re.Pattern[str], elsewhere: dict[str, int]) -> None:
    """Uses of names that match, module by module, where they have no business."""
    found = Counter(
        module.path
        for module, node in nodes()
        if not may(module.path)
        for name in _used(module, node)
        if banned.match(name)
    )
    assert_only_shrinks(found, elsewhere, f"{banned.pattern} is used elsewhere")


def _used(module: Module, node: ast.AST) -> Iterator[str]:
    """Dotted names that an import brings in, or that are reached through a name."""
    yield from imported(module, node)
    if isinstance(node, ast.Attribute):
        yield dotted(node)
