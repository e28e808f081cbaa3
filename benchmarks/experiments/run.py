"""What each part of AlexNet is good for: one experiment a claim of the paper, on real pictures.

python benchmarks/experiments/run.py list                           the claims
python benchmarks/experiments/run.py relu --data imagenette2-160     one of them
python benchmarks/experiments/run.py all --data imagenette2-160      all, the first seed first
python benchmarks/experiments/run.py all --draw                     tables and pictures anew

Each run is an ordinary training in a folder of its own below --runs. Stopped or killed, the same
command goes on where it was; runs that claims have in common are trained once. After each run the
table (Markdown), the picture (PNG) and the record (JSON) of its claim are written anew to --out.
Runs that a record there holds are not trained again: another machine goes on where one stopped.
For a GPU and the full network: --variant original2012 --picture-size 256 --batch-size 128.
"""

import argparse
import datetime
import importlib.util
import shlex
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
if not __package__:  # run as a command: the files of benchmarks/ are then looked for here
    sys.path[0] = str(HERE.parent)
    if importlib.util.find_spec("minialexnet") is None:
        sys.exit("minialexnet is not installed; to have it: pip install -e .")

from machine import describe_machine  # noqa: E402

from experiments.claims import CLAIMS  # noqa: E402
from experiments.experiment import Experiment, Request  # noqa: E402
from experiments.record import Record, check_room, known_runs, redraw, save  # noqa: E402
from experiments.shelf import Shelf  # noqa: E402
from minialexnet.cli.options import add_backend, add_precision, chosen_device, whole  # noqa: E402
from minialexnet.datasets import BUILTIN  # noqa: E402
from minialexnet.errors import InputError  # noqa: E402
from minialexnet.models import VARIANTS  # noqa: E402
from minialexnet.training import Progress, TrainingInterrupted  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "experiments"


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add, count = parser.add_argument, whole(at_least=1)
    add("claims", nargs="+", metavar="CLAIM", help=f"list, all, or some of {', '.join(CLAIMS)}")
    add("--data", default=BUILTIN, metavar="PATH", help="pictures (default: the built-in set)")
    add("--seeds", type=count, default=3, metavar="N", help="default: 3")
    add("--epochs", type=count, metavar="N", help="of each run (default: the claim's)")
    add("--variant", choices=VARIANTS, default="mini", help="default: mini")
    add("--picture-size", type=count, metavar="PIXELS", help="default: the claim's, 64 or 32")
    add("--image-size", type=count, metavar="PIXELS", help="of crops (default: the claim's)")
    add("--batch-size", type=count, metavar="N", help="default: 64")
    add("--draw", action="store_true", help="train nothing, only draw the records in --out")
    add("--out", type=Path, default=RESULTS, metavar="FOLDER", help="for tables and records")
    add(
        "--runs",
        type=Path,
        default=Path("runs/experiments"),
        metavar="FOLDER",
        help="for the runs (default: runs/experiments)",
    )
    add_backend(parser)
    add_precision(parser)
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.claims if name not in (*CLAIMS, "all", "list")]:
        parser.error(
            f"there is no claim {unknown[0]!r}; expected list, all, or {', '.join(CLAIMS)}"
        )
    return options


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for. Returns the exit status."""
    options = parse_options(arguments)
    # Runs that diverge are found, and named in the table.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minialexnet\.")
    names = list(CLAIMS) if "all" in options.claims else options.claims
    try:
        if "list" in names:
            list_claims()
        elif options.draw:
            for path in redraw(options.out, names):
                print(f"wrote {path} and its picture")
        else:
            run(options, names, sys.argv[1:] if arguments is None else arguments)
    except TrainingInterrupted as stopped:  # whose own words name a single run
        print("stopped; the same command goes on from here", file=sys.stderr)
        return stopped.exit_status
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    except InputError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 1
    return 0


def list_claims() -> None:
    """What there is to try."""
    for name, claim in CLAIMS.items():
        ways = "; ".join(configuration.name for configuration in claim.configurations)
        trials = sum(max(len(c.lrs) - 1, 0) for c in claim.configurations)
        runs = f"{len(claim.configurations)} runs a seed"
        if trials:
            runs += f" and {trials} to choose learning rates"
        print(f"{name}: {claim.title}\n  {ways}")
        some = f" on one picture in {claim.one_in}" if claim.one_in > 1 else ""
        print(f"  {runs}, {claim.epochs} epochs each{some}, at {claim.picture_size} pixels")


def run(options: argparse.Namespace, names: list[str], arguments: list[str]) -> None:
    """All claims with the first seed, then with the next: partial results are useful results."""
    progress, device, shelf = Progress(), chosen_device(options), Shelf(options.data)
    request = Request(
        options.variant,
        options.picture_size,
        options.image_size,
        options.epochs,
        options.batch_size,
        options.runs,
    )
    known = known_runs(options.out)
    experiments = [
        Experiment(CLAIMS[name], request, shelf, device, progress, known) for name in names
    ]
    facts = facts_of_machine()

    def record(experiment: Experiment) -> Record:
        return record_of(experiment, facts, command(arguments))

    def write(experiment: Experiment) -> Path:
        return save(record(experiment), options.out, experiment.difference)

    for experiment in experiments:
        check_room(record(experiment), options.out, experiment.difference)
    for seed in range(options.seeds):
        for experiment in experiments:
            for _ in experiment.run_seed(seed):
                if experiment.has_news:
                    write(experiment)
    for experiment in experiments:
        progress.say(f"{write(experiment)} is written, with its record and picture")


def record_of(experiment: Experiment, facts: dict[str, str], command: str) -> Record:
    """Everything that is known of the claim so far."""
    shelved, scale = experiment.shelved, experiment.scale
    return {
        "claim": experiment.claim.name,
        "command": command,
        "date": str(datetime.date.today()),
        "facts": facts,
        "data": shelved.name,
        "variant": scale.variant,
        "picture_size": scale.picture_size,
        "image_size": scale.image_size,
        "batch_size": experiment.config({}, 0).batch_size,
        "classes": len(shelved.pictures.classes),
        "train_pictures": len(shelved.pictures.train),
        "val_pictures": len(shelved.pictures.val),
        "epochs": scale.epochs,
        "runs": experiment.runs,
    }


def facts_of_machine() -> dict[str, str]:
    """Machine and versions, without those of the rivals of other benchmarks."""
    facts = describe_machine()
    return {name: text for name, text in facts.items() if name not in ("PyTorch", "DeZero")}


def command(arguments: list[str]) -> str:
    """The command as it was given, save where pictures and results lie."""
    words, kept = iter(arguments), ["python", "benchmarks/experiments/run.py"]
    for word in words:
        name, equals, value = word.partition("=")
        if name in ("--out", "--runs"):
            if not equals:
                next(words)
        elif name == "--data":
            kept += ["--data", Path(value if equals else next(words)).name]
        else:
            kept.append(word)
    return shlex.join(kept)


if __name__ == "__main__":
    sys.exit(main())
