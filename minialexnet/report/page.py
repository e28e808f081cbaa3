"""The page as a whole."""

from importlib.resources import files
from string import Template

from minialexnet.report.classes import class_accuracy
from minialexnet.report.configuration import configuration
from minialexnet.report.confusion import confusion
from minialexnet.report.curves import curves
from minialexnet.report.filters import first_filters
from minialexnet.report.findings import Findings
from minialexnet.report.headline import data_name, headline
from minialexnet.report.html import element, join, percent
from minialexnet.report.neighbourhoods import neighbourhoods
from minialexnet.report.predictions import predictions
from minialexnet.report.subject import Subject

# The policy lets a browser fetch nothing and run nothing, whatever the page might hold.
PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
$title
<style>
$style</style>
</head>
<body>
<main>
$content
</main>
</body>
</html>
""")


def report_page(subject: Subject, findings: Findings, command: str, version: str) -> str:
    """A whole HTML document, pictures and all.

    Args: command: which trains such a network again; version: of the program that writes the page.
    """
    names, crop = subject.names, subject.preprocessing.crop
    pictures = subject.pictures
    content = [
        headline(subject, findings),
        curves(subject),
        class_accuracy(names, findings),
        confusion(names, findings),
        predictions(names, pictures.val, crop, findings),
        neighbourhoods(names, pictures, crop, findings.neighbours),
        first_filters(subject.network),
        configuration(subject, command, version),
    ]
    accuracy = percent(1 - findings.tally.top1_error)
    return PAGE.substitute(
        title=element("title", f"{subject.network.variant} on {data_name(subject)}: {accuracy}"),
        style=files("minialexnet.report").joinpath("page.css").read_text(encoding="utf-8"),
        content=join(*([part, "\n"] for part in content)),
    )
