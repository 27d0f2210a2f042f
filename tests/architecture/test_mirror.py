"""`tests/` mirrors the package: a room of tests belongs to a room of the package, or is one of those listed here."""

from tests.helpers.source import ROOT, assert_only_these

# What is tested across rooms, and what the tests share.
OWN = {"architecture", "browser", "frozen", "helpers"}


def test_rooms_of_tests_are_rooms_of_the_package() -> None:
    assert_only_these(_rooms("tests") - _rooms("livetalk"), OWN, "name it like the room that it tests")


def test_rooms_of_the_package_have_tests() -> None:
    assert not _rooms("livetalk") - _rooms("tests")


def _rooms(folder: str) -> set[str]:
    """Folders at any depth in which there are Python files, or files of tests."""
    base = ROOT / folder
    return {path.parent.relative_to(base).as_posix() for path in base.rglob("*.py")} - {"."}
