"""The dropout layer."""

from minialexnet.backend import get_array_module
from minialexnet.layers.arguments import share, whole_number
from minialexnet.layers.base import Array, Layer, describe
from minialexnet.layers.initializers import next_seed
from minialexnet.ops.dropout import dropout, dropout_at_test, dropout_backward, dropout_mask


class Dropout(Layer):
    """In training, silences each unit of x, of any shape, with probability p.

    Args:
        p: probability of being silenced, in [0, 1).
        inverted: scale by 1/(1-p) in training; False for the paper's form, which scales by 1-p
            at test time.
        seed: layers with different seeds drop different units. By default the next number of
            the counter that also seeds weights: it depends on how many layers were made before.

    The mask of the n-th training pass is a function of the seed and n; n is the layer's state.
    """

    whole_batch = True

    def __init__(self, p: float = 0.5, inverted: bool = True, seed: int | None = None) -> None:
        super().__init__()
        self.p, self.inverted = share(p, "dropout probability p"), inverted
        self.seed = next_seed() if seed is None else whole_number(seed, "seed", 0)
        self.passes = 0

    def run(self, x: Array, training: bool = False):
        xp = get_array_module(x)
        if not training:
            return dropout_at_test(x, self.p, self.inverted), None
        mask = dropout_mask(x.shape, self.p, (self.seed, self.passes), xp)
        self.passes += 1
        return dropout(x, mask, self.p, self.inverted), mask

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        mask = memory
        if mask is None:
            return dropout_at_test(dy, self.p, self.inverted), {}
        return dropout_backward(dy, mask, self.p, self.inverted), {}

    def state(self) -> dict[str, int]:
        return {"seed": self.seed, "passes": self.passes}

    def load_state(self, state: dict[str, int]) -> None:
        self.seed, self.passes = state["seed"], state["passes"]

    def description(self) -> str:
        return describe(self.p, inverted=(self.inverted, True))
