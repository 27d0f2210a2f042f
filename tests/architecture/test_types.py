"""Types: shipped with the package, checked strictly; what does not hold yet is written down and only gets less."""

import ast
import json
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
KNOWN = 669  # errors in the baseline, at most; lower this when `basedpyright` has shortened it
ANY = 165  # times that a module of the package says Any, at most


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "livetalk/py.typed").exists()


def test_the_checker_is_strict_and_reports_attributes() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["basedpyright"]
    assert settings["typeCheckingMode"] == "strict"
    assert settings.get("reportAttributeAccessIssue", True)


def test_known_errors_only_get_fewer() -> None:
    files = json.loads((ROOT / ".basedpyright/baseline.json").read_text())["files"]
    assert sum(map(len, files.values())) <= KNOWN
    assert not [name for name in files if not (ROOT / name).exists()], "run basedpyright --writebaseline"


def test_any_only_gets_rarer() -> None:
    said = 0
    for path in (ROOT / "livetalk").rglob("*.py"):
        said += sum(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(ast.parse(path.read_text())))
    assert said <= ANY
