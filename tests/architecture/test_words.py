"""Every module says in its first line what it is, in plain English, beginning with the standard noun of the thing."""

import ast
import re

from tests.helpers.source import modules

RIDDLES = re.compile(
    r"\b(is no|of its own|what is there|told)\b|^(What|Who|Whether|Where|How|Which)\b|^(Do|Does|Is|Are|Can)\b[^.:]*\?"
)


def test_every_module_says_what_it_is() -> None:
    assert not [module.path for module in modules() if not ast.get_docstring(module.tree)]


def test_first_lines_are_not_riddles() -> None:
    found = [module.path for module in modules() if RIDDLES.search(_first_line(module.tree))]
    assert not found, "begin with the standard noun of the thing, in plain English"


def _first_line(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or "").partition("\n")[0]
