"""`--record`, which writes down what is so today (see README.md)."""

import pytest

from tests.helpers.recorded import Frozen


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="tests/frozen: write down what is so today")


@pytest.fixture
def frozen(pytestconfig: pytest.Config) -> Frozen:
    return Frozen(bool(pytestconfig.getoption("--record", default=False)))
