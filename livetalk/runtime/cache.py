"""Cache folder of the user, for files that are made once on each machine."""

import os
from pathlib import Path


def cache() -> Path:
    """LIVETALK_CACHE, or livetalk in the person's cache."""
    named = os.environ.get("LIVETALK_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else base / "livetalk"
