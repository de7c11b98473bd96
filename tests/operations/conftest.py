"""A shop in memory."""

import pytest

from tests.shop import Shop


@pytest.fixture
def shop() -> Shop:
    """A shop that sells bananas by weight and lemons by the piece."""
    return Shop()
