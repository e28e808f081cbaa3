"""A tiny training as a program of its own, for the tests that interrupt and kill it.

    python run_tiny.py FOLDER [--epochs=3] [--tell] [--kill-while=updating|saving|renaming]

It saves after every step, and kills itself while it is busy with step 5 (or saving it).
"""

import os
import signal
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def environment() -> dict[str, str]:
    """In which this program finds the package and the tests, and shares work as its caller."""
    from minialexnet.backend import num_threads

    paths = [str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "MINIALEXNET_THREADS": str(num_threads()),
    }


def die(*args: object) -> None:
    """At once, as if the power had failed."""
    os.kill(os.getpid(), signal.SIGKILL)


def prepare_to_die(one, while_: str) -> None:
    """Make `one` die in its fifth step, or while saving it."""
    from minialexnet import files
    from minialexnet.training import sgd

    def unless_saving_the_fifth(call):
        def call_or_die(*args):
            fifth_is_done = (one.position.epoch, one.position.step) == (1, 2)
            return die() if fifth_is_done else call(*args)

        return call_or_die

    if while_ == "updating":
        update = sgd.SGD._update

        def update_or_die(self, w, *args, **kwargs):
            update(self, w, *args, **kwargs)
            in_the_fifth = (one.position.epoch, one.position.step) == (1, 1)
            if in_the_fifth and w is one.network.params["conv3.weight"]:
                die()

        sgd.SGD._update = update_or_die
    elif while_ == "saving":
        files.os.fsync = unless_saving_the_fifth(os.fsync)
    elif while_ == "renaming":
        files.os.replace = unless_saving_the_fifth(os.replace)


def main(folder: str, *options: str) -> None:
    """Train as the options say."""
    from minialexnet.errors import InputError
    from minialexnet.training import run_folder, trainer
    from training.tiny import Silent, tiny_trainer

    given = dict(option.removeprefix("--").partition("=")[::2] for option in options)
    steps = 0

    class Telling(Silent):
        def update(self, units: int, text: str) -> None:
            nonlocal steps
            if text and "tell" in given:
                steps += 1
                print(f"step {steps}", flush=True)

    run_folder.draw_curves = lambda history, file: file.write(b"curves")
    one = tiny_trainer(Path(folder), progress=Telling(), epochs=int(given.get("epochs", 3)))
    if "kill-while" in given:
        trainer.CHECKPOINT_EVERY_SECONDS = -1
        prepare_to_die(one, given["kill-while"])
    try:
        one.fit()
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
