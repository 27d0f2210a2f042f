"""The folder of this person's cache for what is put together on this machine once."""

import os
from pathlib import Path


def cache() -> Path:
    """LIVETALK_CACHE, or livetalk in the person's cache."""
    named = os.environ.get("LIVETALK_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else base / "livetalk"
