"""The process of one contestant on the GPU: does what it is told over a pipe.

Started by rivals.py with its description as JSON; then each line of its input is a command
{"do": name, ...}, and each line it writes is the answer.
"""

import json
import os
import signal
import sys
import time
import traceback

from worker import described


def make(description: dict):
    """The contestant; it imports only what it needs itself."""
    kind, trial = description["kind"], description["trial"]
    if kind == "ours":
        from gpu.ours import Ours
        from gpu.place import Place

        return Ours(Place.choose(trial, description["precision"]))
    from gpu.theirs import Torch

    return Torch(trial, description["precision"], kind == "torch channels_last")


def main() -> None:
    """Serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which ends us
    # The answers have a channel of their own: what a library prints must not get among them.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def attempt(function, *args, **kwargs):
        """What it returns, or what there is to answer if it fails."""
        try:
            return function(*args, **kwargs)
        except MemoryError:
            return {"failed": "not enough memory"}
        except Exception as error:
            traceback.print_exc()
            return {"failed": described(error)}

    def answer(content: dict) -> None:
        print(json.dumps(content), file=answers, flush=True)

    contestant = attempt(make, json.loads(sys.argv[1]))
    if isinstance(contestant, dict):
        answer(contestant)
        return
    answer({"ready": True})
    cpu = time.process_time()
    for line in sys.stdin:
        waited = time.process_time() - cpu
        command = json.loads(line)
        result = attempt(getattr(contestant, command.pop("do")), **command)
        answer(result | {"waited": waited})
        cpu = time.process_time()


if __name__ == "__main__":
    main()
