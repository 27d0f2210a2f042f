"""Tests: one file a module, mirroring the package."""

import tests.helpers.shapes  # noqa: F401 - where jaxtyping finds the checker that pyproject.toml names
