"""Sizes that a reader can hold: files, classes, functions, parameters. The exceptions hold today's numbers."""

import ast

from tests.helpers.source import Definition, assert_only_shrinks, definitions, modules

MOST_IN_FILE, MOST_IN_CLASS, MOST_IN_FUNCTION, MOST_PARAMETERS = 300, 200, 50, 8

FILES: dict[str, int] = {}

CLASSES: dict[str, int] = {
    "conversation/brain_processor.py:BrainProcessor": 229,
    "data/puppets/renderer.py:PuppetRenderer": 213,
    "live/machine.py:SessionMachine": 248,
    "performer/stream.py:AvatarStream": 258,
    "server/session.py:Session": 204,
    "worker/host.py:WorkerHost": 224,
}

FUNCTIONS: dict[str, int] = {
    "data/heads/bake.py:bake": 76,
}

PARAMETERS: dict[str, int] = {}


def test_files_are_short() -> None:
    found = {module.path: module.lines for module in modules() if module.lines > MOST_IN_FILE}
    assert_only_shrinks(found, FILES, f"split by concept what has more than {MOST_IN_FILE} lines")


def test_classes_are_short() -> None:
    found = {
        place: _lines(node)
        for place, node in definitions()
        if isinstance(node, ast.ClassDef) and _lines(node) > MOST_IN_CLASS
    }
    assert_only_shrinks(found, CLASSES, f"a class of more than {MOST_IN_CLASS} lines has several owners' state")


def test_functions_are_short() -> None:
    found = {
        place: _lines(node)
        for place, node in definitions()
        if not isinstance(node, ast.ClassDef) and _lines(node) > MOST_IN_FUNCTION
    }
    assert_only_shrinks(found, FUNCTIONS, f"a function has at most {MOST_IN_FUNCTION} lines")


def test_functions_take_few_parameters() -> None:
    found = {
        place: _parameters(node)
        for place, node in definitions()
        if not isinstance(node, ast.ClassDef) and _parameters(node) > MOST_PARAMETERS and not _is_command(node)
    }
    assert_only_shrinks(found, PARAMETERS, f"more than {MOST_PARAMETERS} parameters are a value of their own")


def test_what_counts_as_a_parameter() -> None:
    method, command = ast.parse("def f(self, a, /, b, *c, d=1, **e): ...\ndef g(x: typer.Option() = 1): ...").body
    assert isinstance(method, ast.FunctionDef)
    assert isinstance(command, ast.FunctionDef)
    assert _parameters(method) == 5
    assert _is_command(command)
    assert not _is_command(method)


def _lines(node: Definition) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    named = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    own = named[:1] in (["self"], ["cls"])
    return len(named) - own + (node.args.vararg is not None) + (node.args.kwarg is not None)


def _is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A command of `livetalk`: its parameters are its options."""
    decorated = any(ast.unparse(one).startswith(("app.command(", "app.callback(")) for one in node.decorator_list)
    return decorated or "typer." in ast.unparse(node.args)
