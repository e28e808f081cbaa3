from __future__ import annotations

import re

from minialexnet.datasets import display_name
from minialexnet.datasets.names import WORDNET_NAMES


def test_display_name():
    assert display_name("n01440764") == "tench"
    assert display_name("n02115641") == "dingo"
    assert display_name("n99999999") == "n99999999"
    assert display_name("cats") == "cats"


def test_the_twenty_known_names():
    assert len(WORDNET_NAMES) == len(set(WORDNET_NAMES.values())) == 20
    assert all(re.fullmatch(r"n\d{8}", wordnet_id) for wordnet_id in WORDNET_NAMES)
