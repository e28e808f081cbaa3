"""Elements are written as HTML, and no text becomes markup."""

import pytest
from html_tree import parse

from minialexnet.report.html import Html, count, element, join, percent, section


def test_an_element_has_its_content_and_attributes():
    made = element("p", "one ", element("b", 2), class_="note", aria_label="x", title=None)
    assert made == '<p class="note" aria-label="x">one <b>2</b></p>'


def test_elements_without_content_have_no_end():
    assert element("img", alt="") == '<img alt="">'
    assert element("line", x1=1.5) == '<line x1="1.5"/>'


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror="alert(1)">',
        "' onload='x",
        "&amp;",
        "a<b",
    ],
)
def test_text_stays_text_inside_elements_and_attributes(text):
    (found,) = parse(element("p", text, [text], title=text)).all()
    assert found.attributes == {"title": text}
    assert found.content == [text + text]


def test_only_what_was_made_here_is_markup():
    assert join("<b>", Html("<b>"), None, [1, element("i")]) == "&lt;b&gt;<b>1<i></i>"
    assert type(join("x")) is Html


def test_names_of_files_that_are_no_unicode_can_be_written():
    element("p", "caf\udce9", title="caf\udce9").encode()


def test_a_section_is_named_by_its_heading():
    found = parse(section("classes", "All < classes", element("p"))).one("section")
    assert found.part(found["aria-labelledby"]).text == "All < classes"


def test_numbers_in_words():
    assert (percent(0.796), count(1, "step"), count(2000, "step")) == (
        "79.6%",
        "1 step",
        "2,000 steps",
    )
