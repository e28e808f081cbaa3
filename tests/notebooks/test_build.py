"""The course: sources and notebooks belong together, links lead somewhere, and all cells run."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("jupytext", reason="needs the extra 'notebooks'")
pytest.importorskip("nbconvert", reason="needs the extra 'notebooks'")

FOLDER = Path(__file__).parents[2] / "notebooks"
SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
EACH = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
PARTS = ("Your turn", "Break it", "Three questions", "Words", "Where to read on")


def load_build():
    spec = importlib.util.spec_from_file_location("build", FOLDER / "build.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["build"] = module
    spec.loader.exec_module(module)
    return module


build = load_build()


def test_all_are_there():
    assert [source.name[:2] for source in SOURCES] == [f"{n:02}" for n in range(15)]
    assert [p.with_suffix(".py") for p in sorted(FOLDER.glob("*.ipynb"))] == SOURCES


@EACH
def test_notebook_is_that_of_its_source(source):
    made = build.as_json(build.notebook(source))
    assert source.with_suffix(".ipynb").read_text(encoding="utf-8") == made, (
        "run: python notebooks/build.py"
    )


@EACH
def test_has_no_outputs(source):
    cells = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@EACH
def test_has_all_its_parts(source):
    text = source.read_text(encoding="utf-8")
    number = int(source.name[:2])
    assert f"# # {number}. " in text
    for part in PARTS:
        assert part in text, f"no {part!r}"
    assert text.count("<details>") == text.count("</details>") >= 3
    assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", text), "no words in Japanese"
    assert "learn.check(" in text
    assert "xp = np" in text


@EACH
def test_links_lead_somewhere(source):
    cells = build.notebook(source).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not target.startswith("http"):
            assert (FOLDER / target).resolve().exists(), target


@EACH
def test_formulas_become_mathml(source):
    for cell in build.notebook(source).cells:
        if cell.cell_type == "markdown":
            made = build.with_mathml(cell.source)
            outside = re.sub(r"```.*?```|`[^`]*`|<math.*?</math>", "", made, flags=re.DOTALL)
            assert "$" not in outside
            assert "\\" not in re.sub(r"```.*?```|`[^`]*`", "", made, flags=re.DOTALL), made


@pytest.mark.slow
@EACH
def test_runs_from_top_to_bottom(source):
    pytest.importorskip("ipykernel", reason="needs the extra 'notebooks'")
    assert build.run(source) is not None


def test_a_failing_cell_fails(tmp_path, capsys):
    source = tmp_path / "00_broken.py"
    source.write_text("# %%\n1 / 0\n", encoding="utf-8")
    assert build.run(source) is None
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_code_is_no_formula():
    text = "`$x$` and\n```\n$y$\n```\nand $z$"
    made = build.with_mathml(text)
    assert "`$x$`" in made and "\n$y$\n" in made and "<mi>z</mi>" in made


def test_functions_keep_their_distance():
    made = build.with_mathml(r"$t \ln C$, $\log(x)$ and $\max_j z$")
    assert made.count("<mspace") == 2
    before, after = made.split("<mi>ln</mi>")
    assert before.endswith("/>") and after.startswith("<mspace")


def test_page_links_to_pages(tmp_path):
    source = tmp_path / "00_links.py"
    source.write_text("# %% [markdown]\n# see [two](02_convolution.ipynb)\n", encoding="utf-8")
    assert 'href="02_convolution.html"' in build.body(build.notebook(source))


def test_unknown_number_is_refused():
    with pytest.raises(SystemExit, match="expected numbers among 00, 01"):
        build.sources(["99"])
