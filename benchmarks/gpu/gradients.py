"""The gradient checks, in float64 on the GPU: minialexnet gradcheck, several side by side."""

import re
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from reporting import Table

from gpu.part import Part
from gpu.processes import collect, run_into
from gpu.summary import Verdict, cell, scientific

ROW = re.compile(r"(?P<what>\S.*?) +(?P<error>[0-9.e+-]+|nan|inf) +\d+ +\d+ +(?P<verdict>\S.*)")
"""A line of gradcheck's: what was checked, error, points, kinks, verdict."""


def run(part: Part) -> None:
    """Run all checks, and tell what came of each."""
    everything = part.out / "gpu-check-gradients.txt"
    everything.unlink(missing_ok=True)
    checks = part.sizes.gradchecks
    with ThreadPoolExecutor(len(checks)) as pool:
        begun = [pool.submit(_check, part, what, checks[what]) for what in checks]
        for future in as_completed(begun):
            output, found = future.result()
            collect(output, everything, found["what"])
            part.result("gradients", **found)
            part.progress(f"{found['what']}: {found['verdict']}")


def _check(part: Part, what: str, options: tuple[str, ...]) -> tuple[Path, dict]:
    """The file with what the command printed, and what came of it."""
    output = part.out / f"gpu-check-gradients-{what.replace(' ', '-')}.txt"
    command = ["minialexnet", "gradcheck", "--backend", part.backend, *options]
    status, seconds, text = run_into(output, command, part.end)
    found = gradcheck_summary(text)
    if status is None:
        found["verdict"] = f"stopped, for the time was up; {found['verdict']}"
    return output, {"what": what, "ok": status == 0, "seconds": seconds, **found}


def gradcheck_summary(text: str) -> dict:
    """Of what gradcheck prints: "checks", the largest relative "error", "verdict" and the rows
    that are "wrong"; also of the first lines alone, if it was stopped.
    """
    lines = text.splitlines()
    rows = [match for line in lines if (match := ROW.fullmatch(line.rstrip()))]
    wrong = [re.sub(" +", " ", row[0]) for row in rows if row["verdict"] != "ok"]
    last = next((line for line in lines if " numbers compared: " in line), "")
    verdict = last.partition(" numbers compared: ")[2]
    if not verdict:
        verdict = f"{len(rows)} checks done, {len(wrong)} of them not ok"
        said = [line for line in lines if line.startswith("minialexnet: ")]
        verdict = "; ".join([*said, verdict])
    return {
        "checks": len(rows),
        "error": max((float(row["error"]) for row in rows), default=None),
        "verdict": verdict,
        "wrong": wrong,
    }


def tables(results: list[dict]) -> list:
    """By command; and the rows that are wrong."""
    if not results:
        return []
    overview = Table(
        "Gradients",
        "`minialexnet gradcheck` in float64: analytic gradients against central differences. The "
        "whole output is in gpu-check-gradients.txt.",
        ["what", "checks", "largest relative error", "seconds", "verdict"],
        [
            [
                found["what"],
                str(found["checks"]),
                scientific(found["error"]),
                f"{found['seconds']:.0f}",
                cell(found["verdict"]),
            ]
            for found in results
        ],
    )
    wrong = [[found["what"], cell(row)] for found in results for row in found["wrong"]]
    if not wrong:
        return [overview]
    return [overview, Table("Gradients that are wrong", "As printed.", ["what", "line"], wrong)]


def verdict(results: list[dict]) -> Verdict:
    """All is well if every command says so."""
    checks = sum(found["checks"] for found in results)
    wrong = [found for found in results if not found["ok"]]
    if not results or wrong:
        text = "; ".join(f"{found['what']}: {found['verdict']}" for found in wrong)
        return Verdict(False, text or "no check was done")
    return Verdict(True, f"all {checks} checks agree")
