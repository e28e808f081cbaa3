"""Speed and memory of this project beside PyTorch and DeZero, on the same work, in one run.

python benchmarks/compare.py             everything, about 40 minutes; quiet machine, please
python benchmarks/compare.py --quick     the same on tiny work, in a few minutes: does it run?

A full run writes benchmarks/results/DATE-cpu.md, the raw numbers beside it as .json, and
docs/speed.png. A narrowed one writes only what --out and --picture name.
"""

import argparse
import datetime
import importlib.util
import shlex
import sys
import time
from pathlib import Path

import measurements
from contestants import RIVALS, ContestantError, installed
from machine import SIZES, describe_machine
from measurements import FEW, Settings
from picture import draw
from reporting import Report
from work import IMAGE_SIZES

from minialexnet.backend import usable_cores

ROOT = Path(__file__).resolve().parent.parent
LARGEST_BATCH = 512
SECTIONS = ("steps", "operations", "memory", "growth", "threads", "feeding")


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--variants", nargs="+", choices=IMAGE_SIZES, help="default: all")
    add("--batches", nargs="+", type=_positive, metavar="N", help="default: 1 16 128")
    add("--contestants", nargs="+", choices=RIVALS, help="besides ours; default: all installed")
    add("--sections", nargs="+", choices=SECTIONS, help="default: all")
    add("--rounds", type=_positive, metavar="N", help="default: 5")
    add("--classes", type=_positive, metavar="N", default=1000, help="default: 1000")
    add(
        "--largest-batch", type=_positive, metavar="N", default=LARGEST_BATCH, help="of growth: 512"
    )
    add("--quick", action="store_true", help="tiny work: to try, not to measure")
    add("--out", type=Path, metavar="FILE.md", help="where the report goes")
    add("--picture", type=Path, metavar="FILE.png", help="where the picture goes")
    return parser.parse_args()


def main() -> None:
    """Measure what the command line asks for."""
    options = parse_options()
    start = time.monotonic()
    if importlib.util.find_spec("minialexnet") is None:
        sys.exit("minialexnet is not installed; to have it: pip install -e '.[bench]'")
    facts = describe_machine()
    facts["date"] = str(datetime.date.today())
    quick = " (quick, not a measurement)" if options.quick else ""
    report = Report(f"Speed on the CPU{quick}, {facts['date']}", _command(), facts)
    settings = make_settings(options, report)
    report.facts["rounds"] = f"{settings.rounds}, of growth and feeding {min(settings.rounds, FEW)}"
    try:
        run(settings, options.sections or SECTIONS, report)
    except KeyboardInterrupt:
        sys.exit("stopped; nothing was written")
    report.remark(f"the run took {(time.monotonic() - start) / 60:.0f} minutes")
    write(options, settings, report)


def make_settings(options: argparse.Namespace, report: Report) -> Settings:
    """The settings that the command line means."""
    kinds = installed(
        ["ours", *(k for k in options.contestants or RIVALS if k != "ours")], report.remark
    )
    batches = tuple(sorted(options.batches or ([2] if options.quick else [1, 16, 128])))
    variants = options.variants or (["mini", "owt"] if options.quick else list(IMAGE_SIZES))
    reference = max(batches)
    largest = 2 * reference if options.quick else options.largest_batch
    return Settings(
        contestants=tuple(kinds),
        variants=tuple(variants),
        batches=batches,
        threads=usable_cores(),
        rounds=options.rounds or (2 if options.quick else 5),
        turn=0.02 if options.quick else 0.3,
        classes=options.classes,
        growth=tuple(2**i for i in range(20) if 2**i <= largest),
        reference=reference,
        feeding_steps=2 if options.quick else 6,
        sizes=(512,) if options.quick else SIZES,
    )


def run(settings: Settings, sections, report: Report) -> None:
    """The sections, in order: what matters most while the machine is in the same state."""
    for section in SECTIONS:
        if section not in sections:
            continue
        try:
            if section == "steps":
                with measurements.machine(settings, report) as machine:
                    measurements.agreement(settings, report)
                    measurements.steps(settings, report, machine)
            else:
                getattr(measurements, section)(settings, report)
        except ContestantError as error:
            report.remark(f"left out: the section {section}: {error}")
    measurements.waiting(report)
    measurements.stealing(report)


def write(options: argparse.Namespace, settings: Settings, report: Report) -> None:
    """Write report and picture to where the options say, or a full run has its place."""
    narrowed = ("variants", "batches", "contestants", "sections", "rounds", "quick")
    as_usual = options.classes == 1000 and options.largest_batch == LARGEST_BATCH
    is_full = as_usual and not any(getattr(options, name) for name in narrowed)
    out, picture = options.out, options.picture
    if is_full:
        out = out or ROOT / "benchmarks" / "results" / f"{report.facts['date']}-cpu.md"
        picture = picture or ROOT / "docs" / "speed.png"
    if out:
        report.write(out)
        print(f"wrote {_shown(out)} and {_shown(out.with_suffix('.json'))}")
    if picture:
        variants = [v for v in settings.variants if v != "mini"] or list(settings.variants)
        drawn = draw(
            picture, report.raw.get("steps", {}), variants, max(settings.batches), report.facts
        )
        print(f"wrote {_shown(picture)}" if drawn else "no picture: it shows all beside PyTorch")


def _command() -> str:
    """The command as it was given, save where its results go."""
    words, kept = iter(sys.argv[1:]), []
    for word in words:
        if word in ("--out", "--picture"):
            next(words)
        elif not word.startswith(("--out=", "--picture=")):
            kept.append(word)
    return shlex.join(["python", "benchmarks/compare.py", *kept])


def _shown(path: Path) -> str:
    path = path.resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return value


if __name__ == "__main__":
    main()
