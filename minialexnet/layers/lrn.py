"""The layer of local response normalisation."""

from minialexnet.errors import InputError
from minialexnet.layers.arguments import finite_number, whole_number
from minialexnet.layers.base import Array, Layer, describe
from minialexnet.ops.lrn import local_response_norm, local_response_norm_backward


class LocalResponseNorm(Layer):
    """Each unit divided by (k + alpha * sum of its neighbours' squares)^beta, across channels.

    Input and output are (N, C, H, W).

    Args:
        size: how many adjacent channels are summed, the unit's own included.
        alpha, beta, k: the paper's constants by default.
        alpha_mode: "sum" takes alpha as the paper's formula has it; "mean" divides it by `size`
            first, as the code of 2012, Caffe, PyTorch and ONNX do. So the network really trained
            in 2012 had `alpha=1e-4, alpha_mode="mean"`; PyTorch's default k is 1, not 2.
        groups: channels are cut into so many groups (towers) that do not see each other.
    """

    def __init__(
        self,
        size: int = 5,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 2.0,
        alpha_mode: str = "sum",
        groups: int = 1,
    ) -> None:
        super().__init__()
        if alpha_mode not in ("sum", "mean"):
            raise InputError(f"alpha_mode is {alpha_mode!r}; expected 'sum' or 'mean'")
        self.size, self.alpha_mode = whole_number(size, "size"), alpha_mode
        self.alpha, self.beta = finite_number(alpha, "alpha"), finite_number(beta, "beta")
        self.k, self.groups = finite_number(k, "k"), whole_number(groups, "groups")

    @property
    def effective_alpha(self) -> float:
        """The factor of the sum of squares, whatever the convention."""
        return self.alpha / self.size if self.alpha_mode == "mean" else self.alpha

    @property
    def _constants(self):
        return self.size, self.effective_alpha, self.beta, self.k, self.groups

    def run(self, x: Array, training: bool = False):
        return local_response_norm(x, *self._constants), x

    def run_backward(self, dy: Array, memory, input_gradient: bool = True):
        return local_response_norm_backward(dy, memory, *self._constants), {}

    def description(self) -> str:
        return describe(
            self.size,
            alpha=(self.alpha, 1e-4),
            beta=(self.beta, 0.75),
            k=(self.k, 2.0),
            alpha_mode=(self.alpha_mode, "sum"),
            groups=(self.groups, 1),
        )
