"""The process of one contestant on the GPU: does what it is told over a pipe.

Started by rivals.py with its description as JSON; then each line of its input is a command
{"do": name, ...}, and each line it writes is the answer.
"""

import traceback

from worker import serve


def make(description: dict):
    """The contestant; it imports only what it needs itself."""
    kind, trial = description["kind"], description["trial"]
    if kind == "ours":
        from gpu.ours import Ours
        from gpu.place import Place

        return Ours(Place.choose(trial, description["precision"]))
    from gpu.theirs import Torch

    return Torch(trial, description["precision"], kind == "torch channels_last")


if __name__ == "__main__":
    serve(make, on_error=traceback.print_exc)
