from __future__ import annotations

import re

from minialexnet.datasets import display_name, open_source
from minialexnet.datasets.names import WORDNET_NAMES, read_names


def test_display_name():
    assert display_name("n01440764") == "tench"
    assert display_name("n02115641") == "dingo"
    assert display_name("n99999999") == "n99999999"
    assert display_name("cats") == "cats"


def test_the_twenty_known_names():
    assert len(WORDNET_NAMES) == len(set(WORDNET_NAMES.values())) == 20
    assert all(re.fullmatch(r"n\d{8}", wordnet_id) for wordnet_id in WORDNET_NAMES)


def test_names_that_came_with_the_pictures_go_first():
    assert display_name("n01440764", {"n01440764": "Schleie"}) == "Schleie"
    assert display_name("n01440764", {"n02115641": "Dingo"}) == "tench"
    assert display_name("cats", {}) == "cats"


def test_tables_with_tabs_or_spaces():
    classes = {"n01", "n02", "my cats", "n04", "n05"}
    table = "\ufeffn01 tench, Tinca tinca\r\nn02\tgreat white shark, man-eater\n\nmy cats\tcats\n"
    table += "n03 another\nn04\nn05   \nno line of a table\n"
    assert read_names(table.encode(), classes) == {
        "n01": "tench",
        "n02": "great white shark",
        "my cats": "cats",
    }


def test_classes_of_one_name_are_told_apart():
    table = b"n02012849 crane\nn03126707 crane\nn01 tench\n"
    assert read_names(table, {"n02012849", "n03126707", "n01"}) == {
        "n02012849": "crane (n02012849)",
        "n03126707": "crane (n03126707)",
        "n01": "tench",
    }


def test_what_a_terminal_would_obey_is_not_shown():
    assert read_names(b"n01 \x1b[2Jtench\xff", {"n01"}) == {"n01": "\\x1b[2Jtench\ufffd"}


def test_the_first_table_that_is_there_counts(good_set, pack):
    (good_set / "words.txt").write_text("cat\tfelis\n")
    (good_set / "names.txt").write_text("cat Katze\n")
    for source in (open_source(good_set), open_source(pack(good_set, top="top"))):
        assert source.display_names == {"cat": "Katze"}
