"""Metrics of every stage's miniature training stay: to 1e-5 where this kind of machine was recorded, else to a tenth.

Other processors add up in another order, which a few steps of training make a thousand times larger. New metrics are
no change.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

from tests.helpers.frozen import SCRIPT, machine, process
from tests.helpers.recorded import differences

SAME, LIKE = partial(differences, more=True, rel=1e-5), partial(differences, more=True, rel=0.1)


def apart(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Where the metrics of this machine differ from what was recorded, here or elsewhere."""
    (here, metrics), *_ = now.items()
    return SAME(was[here], metrics) if here in was else LIKE(next(iter(was.values())), metrics)


def test_every_stage_learns_as_before(frozen, tmp_path: Path) -> None:
    process(SCRIPT, "training", tmp_path / "metrics.json")
    now = json.loads((tmp_path / "metrics.json").read_text())
    assert list(now) == ["codec", "finish", "teacher", "ode", "dmd"]
    frozen.same("training", {machine(): now}, apart, merge=lambda was, now: now | was)


def test_a_metric_a_little_different_is_noticed() -> None:
    was = {machine(): {"codec": [{"step": 4, "loss": 0.5}]}}
    assert not apart(was, {machine(): {"codec": [{"step": 4, "loss": 0.500002}]}})
    assert apart(was, {machine(): {"codec": [{"step": 4, "loss": 0.50001}]}})
    assert apart({"another": was[machine()]}, {machine(): {"codec": [{"step": 4, "loss": 0.6}]}})
