"""The miniature performer, as tests of the performer have it."""

from tests.performer.conftest import performer

__all__ = ["performer"]
