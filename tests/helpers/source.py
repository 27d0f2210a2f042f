"""The package's source, parsed once for all architecture tests, and allow-lists that may only shrink."""

import ast
import gc
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Module(NamedTuple):
    """A file of the package: path below it, lines and syntax tree."""

    path: str  # "codec/base.py"
    lines: int
    tree: ast.Module

    @property
    def name(self) -> str:
        """As it is imported."""
        return ".".join(("livetalk", *Path(self.path).with_suffix("").parts)).removesuffix(".__init__")


@cache
def modules() -> tuple[Module, ...]:
    """All modules. The garbage collector rests meanwhile, and passes the trees over from then on: 1.2 s less."""
    package, collects = ROOT / "livetalk", gc.isenabled()
    gc.disable()
    try:
        read = {path.relative_to(package).as_posix(): path.read_text() for path in sorted(package.rglob("*.py"))}
        return tuple(Module(path, len(text.splitlines()), ast.parse(text)) for path, text in read.items())
    finally:
        gc.freeze()
        if collects:
            gc.enable()


@cache
def nodes() -> tuple[tuple[Module, ast.AST], ...]:
    """Nodes that rules speak of: imports, definitions, names and attributes."""
    kinds = (ast.Import, ast.ImportFrom, *DEFINITIONS, ast.Name, ast.Attribute)
    return tuple((module, node) for module in modules() for node in ast.walk(module.tree) if isinstance(node, kinds))


def definitions() -> Iterator[tuple[str, Definition]]:
    """Classes and functions, those inside others too, and where each is: "codec/base.py:Codec.encode"."""
    waiting: list[tuple[str, str, ast.AST]] = [(module.path, ":", module.tree) for module in modules()]
    while waiting:
        place, mark, node = waiting.pop()
        for child in getattr(node, "body", ()):
            if isinstance(child, DEFINITIONS):
                yield f"{place}{mark}{child.name}", child
                waiting.append((f"{place}{mark}{child.name}", ".", child))
            elif isinstance(child, ast.If | ast.With | ast.Try):
                waiting.append((place, mark, child))


def dotted(node: ast.AST) -> str:
    """The name of a name, or of attributes of one: `torch.cpu.is_available`. Empty for everything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def imported(module: Module, node: ast.AST) -> Iterator[str]:
    """Dotted names that an import statement brings in: `a.b` of `import a.b`, `a.b.c` of `from a.b import c`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        parts = module.name.split(".") + ["."] * module.path.endswith("__init__.py")
        above = ".".join(parts[: -node.level]) if node.level else ""
        yield from (".".join(filter(None, (above, node.module, alias.name))) for alias in node.names)


def assert_only_shrinks(found: Mapping[str, int], allowed: Mapping[str, int], advice: str) -> None:
    """Nothing is beyond its entry, nothing without one; an entry that is no longer needed is to be deleted."""
    grown = {place: size for place, size in found.items() if size > allowed.get(place, 0)}
    assert not grown, f"{advice}: {grown}"
    stale = sorted(set(allowed) - set(found))
    assert not stale, f"repaired, so take it off the list of exceptions: {stale}"


def assert_only_these(found: Collection[str], allowed: Collection[str], advice: str) -> None:
    assert_only_shrinks(dict.fromkeys(found, 1), dict.fromkeys(allowed, 1), advice)
