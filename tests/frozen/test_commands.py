"""Every command of today is there with its options and their defaults; new ones may be added, if none must be given."""

from typing import Any

from tests.helpers.frozen import commands
from tests.helpers.recorded import differences


def apart(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What is gone or different; new choices of an option are no difference, new options that must be given are."""
    found = []
    for path, options in was.items():
        for names, facts in options.items():
            new = now.get(path, {}).get(names)
            if new is not None and set(facts["kind"].split()) <= set(new["kind"].split()):
                new["kind"] = facts["kind"]
            found += [f"{path} {names} is gone"] if new is None else differences(facts, new, at=f"{path} {names}")
        needed = {names for names, facts in now.get(path, {}).items() if facts.get("required") and names not in options}
        found += [f"{path} wants {names} now" for names in sorted(needed)]
        if path not in now:
            found.append(f"{path} is gone")
    return found


def test_every_option_is_as_before(frozen) -> None:
    frozen.same("commands", commands(), apart)


def test_what_is_missing_or_different_is_noticed() -> None:
    was = {"generate": {"--seed": {"default": 0, "kind": "integer"}, "--mode": {"default": None, "kind": "exact fast"}}}
    more = {"generate": {**was["generate"], "--new": {"default": 1, "kind": "integer"}}, "other": {}}
    assert not apart(was, more)
    for wrong in (
        {},
        {"generate": {"--seed": was["generate"]["--seed"]}},
        {"generate": {**was["generate"], "--seed": {"default": 1, "kind": "integer"}}},
        {"generate": {**was["generate"], "--mode": {"default": None, "kind": "exact"}}},
        {"generate": {**was["generate"], "--new": {"default": None, "kind": "text", "required": True}}},
    ):
        assert apart(was, wrong)
