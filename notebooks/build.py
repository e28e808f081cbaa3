"""Makes the notebooks from their sources, runs them, and renders the HTML edition.

    python notebooks/build.py                   # NN_name.py -> NN_name.ipynb, without outputs
    python notebooks/build.py --run 02 05       # also runs these (all, without numbers) and says
                                                # how long each took
    python notebooks/build.py --html course     # runs all and writes pages into the folder course/

The .py files are the sources; they are what is edited and reviewed. (Jupytext also opens them as
notebooks, and keeps the pair together.)
"""

from __future__ import annotations

import argparse
import html
import re
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter

FOLDER = Path(__file__).parent
METADATA = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
COURSE = "AlexNet, step by step"
LONGEST = 600
"""Seconds after which a cell is given up."""


def main() -> int:
    """What the options ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", nargs="*", metavar="NN", help="run these, or all")
    parser.add_argument("--html", metavar="FOLDER", help="run all, and write pages into FOLDER")
    options = parser.parse_args()
    for source in sources():
        source.with_suffix(".ipynb").write_text(as_json(notebook(source)), encoding="utf-8")
    if options.html:
        return write_pages(Path(options.html))
    if options.run is not None:
        failed = [source for source in sources(options.run) if run(source) is None]
        return 1 if failed else 0
    return 0


def sources(numbers: list[str] | None = None) -> list[Path]:
    """The notebooks' sources in order; only those with these numbers, if there are any."""
    found = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
    if not numbers:
        return found
    chosen = [source for source in found if source.name[:2] in numbers]
    if len(chosen) < len(set(numbers)):
        known = ", ".join(source.name[:2] for source in found)
        sys.exit(f"build.py: --run {' '.join(numbers)}: expected numbers among {known}")
    return chosen


def notebook(source: Path) -> nbformat.NotebookNode:
    """The notebook of a source, without outputs, always the same for the same source."""
    made = jupytext.read(source, fmt="py:percent")
    made.metadata = nbformat.from_dict(METADATA)
    made.nbformat, made.nbformat_minor = 4, 5
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number:03}"
        cell.metadata = nbformat.from_dict({})
    nbformat.validate(made)
    return made


def as_json(made: nbformat.NotebookNode) -> str:
    """What stands in the .ipynb file."""
    return nbformat.writes(made, indent=1, ensure_ascii=False) + "\n"


def run(source: Path) -> nbformat.NotebookNode | None:
    """Run from top to bottom, and say how long it took. Returns None if a cell failed."""
    made = notebook(source)
    client = NotebookClient(
        made,
        timeout=LONGEST,
        startup_timeout=LONGEST,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(FOLDER)}},
        extra_arguments=["--Application.log_level=ERROR"],  # it warns of its own defaults
    )
    started = time.monotonic()
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        print(f"{source.stem:28} failed\n{error}", file=sys.stderr)
        return None
    print(f"{source.stem:28} {time.monotonic() - started:5.1f} s", flush=True)
    return made


def write_pages(folder: Path) -> int:
    """Run all and write index.html and a page for each."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "course.css").write_text((FOLDER / "course.css").read_text(encoding="utf-8"))
    made = {source.stem: ran for source in sources() if (ran := run(source)) is not None}
    titles = {stem: title(ran) for stem, ran in made.items()}
    for stem, ran in made.items():
        content = body(ran) + neighbours(stem, titles)
        (folder / f"{stem}.html").write_text(page(titles[stem], content), encoding="utf-8")
    items = "\n".join(
        f"<li>{link(stem, text)}<br>{html.escape(summary(made[stem]))}</li>"
        for stem, text in titles.items()
    )
    index = f'<h1>{COURSE}</h1>\n<ul class="contents">\n{items}\n</ul>'
    (folder / "index.html").write_text(page(COURSE, index), encoding="utf-8")
    print(f"wrote {folder / 'index.html'}")
    return 0 if len(made) == len(sources()) else 1


def title(made: nbformat.NotebookNode) -> str:
    """Its first line."""
    return made.cells[0].source.splitlines()[0].lstrip("# ")


def summary(made: nbformat.NotebookNode) -> str:
    """The first sentence below the title, as plain text."""
    paragraph = made.cells[0].source.split("\n\n")[1].replace("\n", " ")
    return re.split(r"(?<=[.?:])\s", re.sub(r"[*`]", "", paragraph))[0].rstrip(":")


def neighbours(stem: str, titles: dict[str, str]) -> str:
    """Links to the pages before and after this one."""
    order = list(titles)
    at = order.index(stem)
    before = f"← {link(order[at - 1], titles[order[at - 1]])}" if at else ""
    after = f"{link(order[at + 1], titles[order[at + 1]])} →" if at + 1 < len(order) else ""
    return f'<p class="neighbours"><span>{before}</span><span>{after}</span></p>'


def link(stem: str, text: str) -> str:
    """To the page of a notebook."""
    return f'<a href="{stem}.html">{html.escape(text)}</a>'


def body(made: nbformat.NotebookNode) -> str:
    """The cells of a notebook that was run, as HTML."""
    for cell in made.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
    text, _ = HTMLExporter(template_name="basic").from_notebook_node(made)
    text = re.sub(r'href="(\d\d_\w+)\.ipynb"', r'href="\1.html"', text)
    return text


def with_mathml(markdown: str) -> str:
    """Formulas as MathML, which browsers draw by themselves, also without a network."""
    from latex2mathml.converter import convert

    def spaced(formula: str) -> str:  # as TeX sets it: MathML alone draws "t ln C" as "tlnC"
        formula = re.sub(r"(?<=[A-Za-z0-9}])\s+(?=\\(log|ln|tanh|max)\b)", r"\\,", formula)
        return re.sub(r"\\(log|ln|tanh|max)\s*(?=[A-Za-z0-9\\])", r"\\\1\\,", formula)

    def block(match: re.Match) -> str:
        return "\n\n" + convert(spaced(" ".join(match[1].split())), display="block") + "\n\n"

    def inline(match: re.Match) -> str:
        return convert(spaced(match[1]))

    parts = re.split(r"(```.*?```|`[^`]*`)", markdown, flags=re.DOTALL)  # code is left alone
    for i in range(0, len(parts), 2):
        text = re.sub(r"\$\$(.+?)\$\$", block, parts[i], flags=re.DOTALL)
        parts[i] = re.sub(r"\$([^$\n]+?)\$", inline, text)
    return "".join(parts)


def page(title: str, content: str) -> str:
    """A whole page."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<link rel="stylesheet" href="course.css">
</head>
<body>
<nav>{"" if title == COURSE else f'<a href="index.html">{COURSE}</a>'}</nav>
<main>
{content}
</main>
</body>
</html>
"""


if __name__ == "__main__":
    sys.exit(main())
