"""No module imports one that imports it, by whatever way; imports for type checkers and inside functions count."""

from tests.helpers.source import assert_only_shrinks, imported, modules, nodes

Graph = dict[str, set[str]]

CIRCLES: dict[str, int] = {}


def test_no_modules_import_one_another() -> None:
    found = {min(circle): len(circle) for circle in circles(_graph())}
    assert_only_shrinks(found, CIRCLES, f"cut the circle: {[sorted(one) for one in circles(_graph())]}")


def test_a_circle_is_found_and_a_chain_is_not() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set()}) == [{"a", "b", "c"}]


def circles(graph: Graph) -> list[set[str]]:
    """Sets of several modules each of which reaches all others."""
    reach = {name: _reached(graph, name) for name in graph}
    together = {frozenset(other for other in reach[name] if name in reach[other]) for name in graph}
    return sorted((set(one) for one in together if len(one) > 1), key=min)


def _reached(graph: Graph, start: str) -> set[str]:
    seen, waiting = set[str](), [start]
    while waiting:
        for name in graph[waiting.pop()] - seen:
            seen.add(name)
            waiting.append(name)
    return seen


def _graph() -> Graph:
    known = {module.name for module in modules()}
    graph: Graph = {name: set() for name in known}
    for module, node in nodes():
        graph[module.name] |= {target for name in imported(module, node) if (target := _module_of(name, known))}
    return graph


def _module_of(name: str, known: set[str]) -> str:
    """The module that an import loads: the name, or what stands before its last dot."""
    return name if name in known else before if (before := name.rpartition(".")[0]) in known else ""
