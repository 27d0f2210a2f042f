"""A name has one meaning in the package: no two public classes share it."""

import ast
from collections import defaultdict

from tests.helpers.source import assert_only_shrinks, modules

SHARED: dict[str, int] = {}


def test_no_two_public_classes_share_a_name() -> None:
    places = defaultdict(list)
    for module in modules():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module.path)
    found = {name: len(paths) for name, paths in places.items() if len(paths) > 1}
    assert_only_shrinks(found, SHARED, f"rename one of {[places[name] for name in found if name not in SHARED]}")
