"""What the tests of training share."""

import pytest

from minialexnet.backend import num_threads, set_num_threads


@pytest.fixture
def threads():
    """threads(n) shares the work between n threads, until the end of the test."""
    before = num_threads()
    yield set_num_threads
    set_num_threads(before)
