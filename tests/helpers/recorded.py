"""Values that were written down once, and where today's differ. Knows JSON; not what the values mean."""

import fcntl
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parents[1] / "frozen" / "recorded.json"
Differences = Callable[[Any, Any], list[str]]
Merge = Callable[[Any, Any], Any]


def differences(was: Any, now: Any, *, more: bool = False, rel: float = 0.0, at: str = "") -> list[str]:
    """Where two JSON values differ. more: new names are no difference. rel: how far numbers may be apart."""
    if isinstance(was, dict) and isinstance(now, dict):
        found = [f"{at}.{name} is gone" for name in was if name not in now]
        found += [f"{at}.{name} is new" for name in now if name not in was and not more]
        for name in was.keys() & now.keys():
            found += differences(was[name], now[name], more=more, rel=rel, at=f"{at}.{name}")
        return sorted(found)
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        pairs = enumerate(zip(was, now, strict=True))
        return [line for i, (a, b) in pairs for line in differences(a, b, more=more, rel=rel, at=f"{at}[{i}]")]
    close = rel and isinstance(was, float) and isinstance(now, float) and math.isclose(was, now, rel_tol=rel)
    return [] if close or (type(was) is type(now) and was == now) else [f"{at} was {was!r} and is {now!r}"]


class Frozen:
    """The recorded values by section."""

    def __init__(self, recording: bool) -> None:
        self.recording = recording

    def recorded(self, section: str) -> Any:
        """The value of a section; None if there is none."""
        return json.loads(RECORDED.read_text()).get(section) if RECORDED.exists() else None

    def record(self, section: str, value: Any) -> None:
        """Write a section down, whatever other processes write meanwhile."""
        with RECORDED.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
            RECORDED.write_text(json.dumps(known | {section: value}, indent=1, sort_keys=True) + "\n")
        RECORDED.with_suffix(".lock").unlink(missing_ok=True)

    def same(self, section: str, now: Any, differ: Differences = differences, merge: Merge | None = None) -> None:
        """Fails with every difference between `now` and what was recorded.

        merge: when recording, what is kept of the old value if `now` agrees with it.
        """
        now = json.loads(json.dumps(now))
        was = self.recorded(section)
        if self.recording:
            was = merge(was, now) if merge is not None and was is not None and not differ(was, now) else now
            self.record(section, was)
        assert was is not None, f"nothing is recorded of {section}: run pytest tests/frozen --record"
        found = differ(was, now)
        assert not found, "\n".join([f"{section} has changed:", *found])
