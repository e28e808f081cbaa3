"""A page as a tree to ask questions of, and a check that its tags fit together."""

from collections.abc import Iterator
from html.parser import HTMLParser

WITHOUT_END = {"img", "link", "meta"}


class Element:
    """A tag with its attributes and what is inside: elements and pieces of text."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.content: list[Element | str] = []

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]

    @property
    def text(self) -> str:
        """All text inside, with single spaces."""
        parts = (part if isinstance(part, str) else part.text for part in self.content)
        return " ".join(" ".join(parts).split())

    def all(self, tag: str = "", class_: str = "") -> list["Element"]:
        """Everything inside of that tag and class, in the order of the page."""
        return [
            inside
            for inside in self.walk()
            if (not tag or inside.tag == tag)
            and (not class_ or class_ in inside.attributes.get("class", "").split())
        ]

    def one(self, tag: str = "", class_: str = "") -> "Element":
        """The only one of them."""
        (found,) = self.all(tag, class_)
        return found

    def part(self, name: str) -> "Element":
        """The only element inside with that id."""
        (found,) = (inside for inside in self.walk() if inside.attributes.get("id") == name)
        return found

    def walk(self) -> Iterator["Element"]:
        """All elements inside."""
        for part in self.content:
            if isinstance(part, Element):
                yield part
                yield from part.walk()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice: {attrs}"
        element = Element(tag, dict(attrs))
        self.open[-1].content.append(element)
        if tag not in WITHOUT_END:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"</{tag}> ends <{self.open[-1].tag}>"
        self.open.pop()

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_data(self, data):
        self.open[-1].content.append(data)


def parse(text: str) -> Element:
    """The tree of a page. Fails if a tag is not closed, or closed where it is not open."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    assert len(builder.open) == 1, f"<{builder.open[-1].tag}> is not closed"
    return builder.open[0]
