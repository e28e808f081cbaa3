"""The GPU against the CPU in float32: operations, networks, training; and the GPU against itself.

The CPU's code is the definition: plain array operations, which the tests compare with PyTorch.
"""

import copy
import hashlib
from collections.abc import Iterator

import numpy as np
from reporting import Table, gib
from worker import described

from gpu.comparisons import Comparison, comparisons
from gpu.part import Part
from gpu.place import Place
from gpu.summary import Verdict, cell, scientific
from minialexnet import SGD, SoftmaxCrossEntropy, alexnet
from minialexnet.backend import to_host
from minialexnet.models import AlexNet

HOST = Place(np, on_gpu=False)

ALLOWED = {"float32": (1e-4, 1e-2), "float64": (1e-10, 1e-8)}
"""How far logits and gradients of whole networks may be apart (see `apart`). In float32 single
gradients differ by more than rounding: where two pixels of a pooling window are all but equal, or
a unit is all but 0, rounding decides which way a gradient takes. In float64 that hardly occurs."""

ALLOWED_LOSSES = 1e-2
"""How far losses may be apart after some steps, relative to the largest."""

GROWTH = 0.01
"""By so much memory may grow between two steps far apart, as a share of it."""

LEARNING_RATE = 0.005

BLOCK = 1 << 20
"""Numbers of large arrays that are compared at a time."""


def run(part: Part) -> None:
    """Compare, the operations first: they say best where a mistake is.

    The whole networks come last, of which the host's share takes longest.
    """
    place = part.place("float32")
    for comparison in comparisons(part.sizes.pictures):
        part.result("operations", **_compare(comparison, place))
    part.progress("operations compared")
    for found in _compare_trainings(part, place):
        part.result("training", **found)
        part.progress(f"training compared: {found['what']}")
    for variant in part.sizes.networks:
        network = alexnet(variant, init="he")
        for dtype in ALLOWED:
            part.result("networks", **_compare_networks(network, dtype, part.sizes.pictures, place))
        part.progress(f"networks compared: {variant}")


def difference(found, expected) -> float:
    """The largest difference, relative to the largest value; infinite if that is no number."""
    found, expected = (_numbers(to_host(array)) for array in (found, expected))
    if found.shape != expected.shape:
        return np.inf
    off, largest = np.abs(found - expected).max(initial=0.0), np.abs(expected).max(initial=0.0)
    relative = off / largest if largest else off
    return float(relative) if np.isfinite(relative) else np.inf


def _numbers(array: np.ndarray) -> np.ndarray:
    """The same where they are floats already; large ones need not be copied."""
    array = np.asarray(array)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _compare(comparison: Comparison, place: Place) -> dict:
    """One operation: how far each result is off, or the error that it ended with."""
    about = {"operation": comparison.operation, "shapes": comparison.shapes}
    about["allowed"] = comparison.allowed
    try:
        expected = comparison.compute(np, *comparison.inputs)
        found = comparison.compute(place.xp, *map(place.put, comparison.inputs))
        off = {name: difference(found[name], value) for name, value in expected.items()}
    except Exception as error:  # of any kind: the next operation is to be compared, too
        return {**about, "ok": False, "off": {}, "error": described(error)}
    return {**about, "ok": max(off.values()) <= comparison.allowed, "off": off, "error": None}


def apart(found, expected) -> float:
    """How far two arrays are apart as a whole: |found - expected| over |expected|, as vectors."""
    found, expected = (_numbers(array).ravel() for array in (found, expected))
    squares = np.zeros(2)
    for start in range(0, expected.size, BLOCK):  # of float64 at once, 61 million take long
        block = slice(start, start + BLOCK)
        there, here = (array[block].astype(np.float64) for array in (found, expected))
        squares += np.square(there - here).sum(), np.square(here).sum()
    off, length = np.sqrt(squares)
    relative = off / length if length else off
    return float(relative) if np.isfinite(relative) else np.inf


def _compare_networks(network: AlexNet, dtype: str, pictures: int, place: Place) -> dict:
    """A whole network's logits and gradients in a training pass, dropout included."""
    about = {"variant": network.variant, "dtype": dtype}
    try:
        found, expected = (
            _pass(copy.deepcopy(network).astype(dtype), dtype, pictures, where)
            for where in (place, HOST)
        )
    except Exception as error:
        return {**about, "ok": False, "error": described(error)}
    off = {name: apart(found[name], value) for name, value in expected.items()}
    logits = off.pop("logits")
    worst = max(off, key=off.get)
    allowed = ALLOWED[dtype]
    return {
        **about,
        "ok": logits <= allowed[0] and off[worst] <= allowed[1],
        "logits": logits,
        "gradients": off,
        "worst": worst,
        "error": None,
    }


def _pass(network, dtype: str, pictures: int, place: Place) -> dict[str, np.ndarray]:
    """Logits and all gradients, that of the pixels as well, on the host."""
    network.to(place.xp)
    generator = np.random.default_rng(1)
    _, side, _ = network.input_shape
    x = generator.standard_normal((pictures, side, side, 3)).astype(dtype)
    labels = generator.integers(0, network.num_classes, pictures)
    criterion = SoftmaxCrossEntropy()
    logits = network.forward(place.put(x.transpose(0, 3, 1, 2)), training=True)
    criterion.forward(logits, labels)
    dx = network.backward(criterion.backward())
    arrays = {"logits": logits, "pixels": dx, **network.grads}
    return {name: to_host(value) for name, value in arrays.items()}


class _Training:
    """A network in training, on the same batches in the same order wherever it is."""

    def __init__(self, trained: tuple[str, int, int], place: Place, batches: int) -> None:
        variant, side, count = trained
        self.place = place
        self.network = alexnet(variant, 10, side, init="he").to(place.xp)
        self.criterion, self.optimizer = SoftmaxCrossEntropy(), SGD(self.network, LEARNING_RATE)
        generator = np.random.default_rng(2)
        pixels = generator.standard_normal((batches, count, side, side, 3), dtype=np.float32)
        self.labels = generator.integers(0, 10, (batches, count))
        pixels += self.labels[:, :, None, None, None] / 10  # something to learn
        self.batches = [place.put(batch.transpose(0, 3, 1, 2)) for batch in pixels]
        self.losses: list[float] = []

    def train(self, until: int) -> None:
        """Take steps until there have been so many."""
        while (done := len(self.losses)) < until:
            batch = done % len(self.batches)
            logits = self.network.forward(self.batches[batch], training=True)
            self.losses.append(float(self.criterion.forward(logits, self.labels[batch])))
            self.network.backward(self.criterion.backward(), input_gradient=False)
            self.optimizer.step()

    def digest(self) -> str:
        """A text that changes with any bit of the weights and of the momentum."""
        digest = hashlib.sha256()
        for arrays in (self.network.params, self.optimizer.velocity):
            for value in arrays.values():
                digest.update(np.ascontiguousarray(to_host(value)).tobytes())
        return digest.hexdigest()


def _compare_trainings(part: Part, place: Place) -> Iterator[dict]:
    """On the GPU, again on the GPU, on the CPU; and on the first one goes, to watch memory."""
    trained, few, many = part.sizes.trained, part.sizes.few, part.sizes.many
    first = _Training(trained, place, few)
    first.train(few)
    again = _Training(trained, place, few)
    again.train(few)
    same = first.digest() == again.digest()
    text = "the same weights, bit by bit" if same else "other weights"
    yield {"what": f"the same {few} steps again on the GPU", "ok": same, "text": text}
    del again
    on_host = _Training(trained, HOST, few)
    on_host.train(few)
    off = difference(np.array(first.losses), np.array(on_host.losses))
    yield {
        "what": f"the losses of {few} steps on the CPU",
        "ok": off <= ALLOWED_LOSSES,
        "text": f"{scientific(off)} apart (allowed: {ALLOWED_LOSSES:g})",
        "losses": {"gpu": first.losses, "cpu": on_host.losses},
    }
    del on_host
    place.free()
    first.train(few + 1)
    before = place.memory()
    first.train(many)
    after = place.memory()
    ok = all(after[kind] <= before[kind] * (1 + GROWTH) for kind in before)
    yield {
        "what": f"memory after {many} steps",
        "ok": ok or not place.on_gpu,  # of the host's memory a trial says nothing
        "text": "; ".join(
            f"{kind} {gib(before[kind])} GiB after {few + 1} steps, then {gib(after[kind])}"
            for kind in before
        ),
        "memory": {"before": before, "after": after},
    }


def tables(results: list[dict]) -> list:
    """By operation, by network, and of the training."""
    found = {topic: [r for r in results if r["topic"] == topic] for topic in _TABLES}
    return [make(found[topic]) for topic, make in _TABLES.items() if found[topic]]


def _operations_table(results: list[dict]) -> Table:
    return Table(
        "GPU against CPU: operations",
        "With the paper's shapes, in float32, forward and backward: the largest difference "
        "relative to the largest value, of the result that is farthest off.",
        ["operation", "shapes of", "off by", "allowed", "result", "verdict"],
        [[r["operation"], r["shapes"], *_worst(r), _right(r)] for r in results],
    )


def _worst(result: dict) -> list[str]:
    if result["error"]:
        return ["-", scientific(result["allowed"]), cell(result["error"])]
    off = result["off"]
    name = max(off, key=lambda key: np.inf if off[key] is None else off[key])
    return [scientific(off[name]), scientific(result["allowed"]), name]


def _networks_table(results: list[dict]) -> Table:
    rows = []
    for r in results:
        where = [r["variant"], r["dtype"]]
        if r["error"]:
            rows.append([*where, "-", "-", cell(r["error"]), "WRONG"])
            continue
        off = r["gradients"][r["worst"]]
        rows.append([*where, scientific(r["logits"]), scientific(off), r["worst"], _right(r)])
    allowed = "; ".join(
        f"{dtype}: {logits:.0e} for logits, {gradients:.0e} for gradients"
        for dtype, (logits, gradients) in ALLOWED.items()
    )
    return Table(
        "GPU against CPU: whole networks",
        "A training pass with the same weights, pixels and dropout: the length of the difference "
        f"over that of the array. Allowed: {allowed}. (In float32 rounding sends single gradients "
        "another way, at ties in pooling and units that are all but 0.)",
        ["network", "type", "logits", "gradients", "the one farthest off", "verdict"],
        rows,
    )


def _training_table(results: list[dict]) -> Table:
    return Table(
        "Training on the GPU",
        "In float32: against itself, against the CPU, and its memory. `used` is what arrays have, "
        "`total` what CuPy holds for them.",
        ["what", "found", "verdict"],
        [[r["what"], r["text"], _right(r)] for r in results],
    )


_TABLES = {
    "operations": _operations_table,
    "networks": _networks_table,
    "training": _training_table,
}


def _right(result: dict) -> str:
    return "ok" if result["ok"] else "WRONG"


def verdict(results: list[dict]) -> Verdict:
    """All is well if everything is as near as allowed."""
    wrong = [
        r.get("what") or r.get("variant") or f"{r['operation']} ({r['shapes']})"
        for r in results
        if not r["ok"]
    ]
    if wrong or not results:
        return Verdict(False, f"wrong: {', '.join(wrong)}" if wrong else "nothing was compared")
    return Verdict(True, f"all {len(results)} comparisons agree")
