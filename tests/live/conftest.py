"""Performers of the miniature preset, as in tests/performer."""

from tests.performer.conftest import *  # noqa: F403
