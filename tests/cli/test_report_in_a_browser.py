"""The page of `minialexnet report`, as a browser has it.

A page around it holds it in a frame and measures it there, for the page itself lets nothing run.
"""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTHS = (375, 1280)

AROUND = """<!DOCTYPE html><meta charset="utf-8"><title>around</title>
<iframe srcdoc="{page}" style="width: {width}px; height: 800px; border: 0"></iframe>
<pre id="found"></pre>
<script>
document.querySelector("iframe").onload = event => {{
  const page = event.target.contentDocument, view = event.target.contentWindow;
  for (const details of page.querySelectorAll("details")) details.open = true;
  document.querySelector("#found").textContent = JSON.stringify({{
    pictures: [...page.images].map(picture => picture.complete ? picture.naturalWidth : 0),
    fetched: view.performance.getEntriesByType("resource").map(entry => entry.name.slice(0, 30)),
    title: page.title,
    hidden: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    wider: [...page.querySelectorAll("main *")].filter(
      part => part.getBoundingClientRect().right > {width} && !part.closest(".scroll")
    ).map(part => part.outerHTML.slice(0, 80)),
    mode: page.compatMode,
    bars: [...page.querySelectorAll(".bars tbody tr")].map(row => [
      row.querySelector(".share").textContent,
      row.querySelector(".bar").getBoundingClientRect().width /
        row.querySelector(".track").getBoundingClientRect().width,
    ]),
    charts: [...page.querySelectorAll(".chart > svg")].map(
      chart => chart.getBoundingClientRect().height
    ),
  }});
}};
</script>"""


def shown(browser: str, folder: Path, text: str, width: int) -> tuple[str, str]:
    """A page as it is after its script has run, and what the browser said meanwhile."""
    page = folder / "shown.html"
    page.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",  # which root and most containers cannot have
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",  # a test never asks the network
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={width},900",
            "--enable-logging=stderr",  # where the console goes
            "--virtual-time-budget=20000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> str:
    """A browser that can show a plain page. (Some are only a note that tells how to get one.)"""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser on PATH ({', '.join(BROWSERS)}); apt-get install chromium")
    page, said = shown(found, tmp_path_factory.mktemp("browser"), "<p>plain</p>", 375)
    if "<p>plain</p>" not in page:
        pytest.skip(f"{found} does not show a plain page: {said[-500:]}")
    return found


@pytest.fixture
def opened(browser, tmp_path):
    """opened(page, width) -> what the script above finds in the page, and its console."""

    def measure(page: str, width: int) -> dict:
        text = AROUND.format(page=html.escape(page), width=width)
        text, said = shown(browser, tmp_path, text, width)
        found = re.search(r'<pre id="found">(.+?)</pre>', text, re.DOTALL)
        assert found, said[-2000:]
        console = [line for line in said.splitlines() if "CONSOLE" in line]
        return json.loads(html.unescape(found[1])) | {"console": console}

    return measure


@pytest.fixture
def page(cli, trained, tmp_path) -> str:
    """The page of a run."""
    assert cli("report", trained, "--out", tmp_path / "page.html").status == 0
    return (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", WIDTHS)
def test_it_is_whole_and_fits(page, opened, width):
    found = opened(page, width)
    assert found["console"] == []
    assert len(found["pictures"]) > 50
    assert min(found["pictures"]) > 0
    assert [name for name in found["fetched"] if not name.startswith("data:")] == []
    assert found["mode"] == "CSS1Compat"
    assert (found["hidden"], found["wider"]) == (0, [])
    assert len(found["bars"]) == 3
    for percent, length in found["bars"]:
        assert length == pytest.approx(float(percent.rstrip("%")) / 100, abs=0.01)
    assert len(found["charts"]) == 3
    assert min(found["charts"]) > 100


def test_what_might_slip_into_it_is_not_run_and_not_fetched(page, opened):
    """Nothing does; but the policy in its head holds all the same."""
    bad = '<script>document.title = "it ran"</script><img alt="" src="https://pictures.invalid/x.png">'
    found = opened(page.replace("<main>", f"<main>{bad}"), 1280)
    assert found["title"] != "it ran"
    assert len([line for line in found["console"] if "Content Security Policy" in line]) == 2


def test_what_is_amiss_would_be_found(opened):
    """A picture that is none, one from elsewhere, a line that is too long, and an error."""
    found = opened(
        """<!DOCTYPE html><main><img alt="" src="data:image/png;base64,AAAA">
        <img alt="" src="https://pictures.invalid/x.png">
        <p style="width: 3000px">wide</p></main>
        <script>document.title = "it ran"; oops()</script>""",
        375,
    )
    assert found["pictures"] == [0, 0]
    assert found["hidden"] > 2000
    assert len(found["wider"]) == 1
    assert any(name.startswith("https:") for name in found["fetched"])
    assert found["title"] == "it ran"
    assert any("oops is not defined" in line for line in found["console"])
