"""Validation pictures beside the training pictures that are most alike to the network."""

from minialexnet.datasets import Pictures
from minialexnet.report.html import Html, element, section
from minialexnet.report.images import image, seen
from minialexnet.report.neighbours import Neighbours


def neighbourhoods(names: list[str], pictures: Pictures, crop: int, found: Neighbours) -> Html:
    """One row for each of some validation pictures, as at the right of the paper's figure 4."""
    train, val = pictures.train, pictures.val
    rows = []
    for query, nearest, distances in zip(
        map(int, found.queries), found.nearest, found.distances, strict=True
    ):
        label = int(val.labels[query])
        title = f"validation: {val.names[query]}"
        shown = [_picture(seen(val, query, crop), names[label], title, "query")]
        for i, distance in zip(map(int, nearest), distances, strict=True):
            own = int(train.labels[i])
            title = f"distance {distance:.3g}: {train.names[i]}"
            style = "same" if own == label else "other"
            shown.append(_picture(seen(train, i, crop), names[own], title, style))
        rows.append(element("div", shown, class_="neighbours"))
    searched = f"all {found.searched:,} training pictures"
    if found.searched < len(train):
        searched = f"{found.searched:,} of the {len(train):,} training pictures, evenly spread"
    caption = (
        "First in each row a validation picture, the middle one of its class, however well it is "
        "recognised; then the training pictures which the last hidden layer makes most nearly the "
        f"same of, by Euclidean distance of its features, among {searched}. A dashed frame is "
        "a picture of another class."
    )
    return section(
        "neighbours", "What it finds alike", element("p", caption, class_="caption"), rows
    )


def _picture(pixels, name: str, title: str, style: str) -> Html:
    kind = "validation" if style == "query" else "training"
    picture = image(pixels, alt=f"{kind} picture of class {name}", title=title)
    return element("figure", picture, element("figcaption", name), class_=style)
