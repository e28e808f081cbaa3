"""The claims of the paper that can be tried, each with the runs that try it.

To add one, write it down here; `run.py`, tables and pictures need nothing else. A run that several
claims have in common (same settings, same epochs) is trained once.
"""

import math
from collections.abc import Callable

from experiments.claim import Claim, Configuration, Scale
from experiments.measures import (
    ERROR_ON_TRAINING,
    LAST_LOSS,
    LAST_TRAINING_LOSS,
    OVERFITTING,
    TEN_CROPS,
    TO_25,
    TO_START,
    TRAINING_ERROR,
)

RATES = (0.005, 0.02, 0.08)
"""Learning rates among which each activation has its choice."""

AS_IT_IS = Configuration("all parts")

FEW_IN, FEW_EPOCHS = 5, 25
FEW = (
    "Short trainings do not come to overfitting, so only one picture in five is trained on, and "
    "five times as often."
)
"""For what is against overfitting: as many steps as the other claims take."""


def share(of_side: float) -> Callable[[Scale], int]:
    """A share of the pictures' side, in pixels."""
    return lambda scale: round(of_side * scale.picture_size)


def spread_of_1(scale: Scale) -> float:
    """Scales pixels to a standard deviation of 1."""
    return 1 / scale.pixel_std


def speed(run: dict) -> tuple[float, float]:
    """What to choose a learning rate by: epochs to 25% training error, or else the last error."""
    epochs, error = TO_25.of(run), TRAINING_ERROR.of(run)
    return math.inf if epochs is None else epochs, math.inf if error is None else error


RELU = Claim(
    name="relu",
    title="ReLU against tanh and sigmoid",
    paper="Section 3.1 and figure 1: a four-layer network with ReLUs reaches 25% training error on "
    "CIFAR-10 six times faster than the same network with tanh. The learning rates were chosen "
    "for each network, and nothing regularised it.",
    here="Another network, other pictures. As there, no dropout, no weight decay, no random crops "
    "or mirrors, a constant learning rate, and for each activation the one of "
    f"{', '.join(f'{rate:g}' for rate in RATES)} that was fastest with the first seed (which is "
    "counted among the seeds all the same). He's initialisation for ReLU, Xavier's for the others. "
    "Training error is counted during the epoch, while the weights change.",
    configurations=(
        Configuration("ReLU", {"activation": "relu", "init": "he"}, RATES),
        Configuration("tanh", {"activation": "tanh", "init": "xavier"}, RATES),
        Configuration("sigmoid", {"activation": "sigmoid", "init": "xavier"}, RATES),
    ),
    measure=TO_25,
    also=(TRAINING_ERROR,),
    settings={
        "dropout": 0.0,
        "weight_decay": 0.0,
        "flip": False,
        "random_crop": False,
        "schedule": "constant",
    },
    epochs=20,
    picture_size=32,
    curves=("train_top1_error",),
    line=(lambda classes: 0.25, "25%"),
    best=speed,
)

LRN = Claim(
    name="lrn",
    title="With and without local response normalisation",
    paper="Section 3.3: normalisation lowers the top-1 and top-5 errors by 1.4% and 1.2% on "
    "ImageNet, and the error of a four-layer network on CIFAR-10 from 13% to 11%.",
    here="The network without normalisation is otherwise the same, with the same learning rate.",
    configurations=(AS_IT_IS, Configuration("no LRN", {"lrn": False})),
    also=(TRAINING_ERROR,),
)

POOLING = Claim(
    name="pooling",
    title="Overlapped and tiled pooling, maximum and average",
    paper="Section 3.4: windows of 3 pixels that are 2 apart lower the top-1 and top-5 errors by "
    "0.4% and 0.3% against windows of 2, and make overfitting slightly more difficult. "
    "It does not compare the maximum with the average.",
    here="Crops are chosen so that both windows give maps of the same size where that can be, and "
    "all networks have the same number of weights.",
    configurations=(
        Configuration("overlapped, maximum"),
        Configuration("tiled, maximum", {"pooling": "tiled"}),
        Configuration("overlapped, average", {"pool": "average"}),
        Configuration("tiled, average", {"pooling": "tiled", "pool": "average"}),
    ),
    also=(TRAINING_ERROR,),
)

DROPOUT = Claim(
    name="dropout",
    title="With and without dropout",
    paper="Section 4.2: without dropout the network overfits substantially; with it, about twice "
    "as many iterations are needed to converge.",
    here=f"{FEW} The error while training is counted with dropout at work and on random crops; "
    "the error on the training pictures after training, as on the validation pictures: without "
    "dropout, on the centre crop.",
    configurations=(
        Configuration("dropout 0.5"),
        Configuration("no dropout", {"dropout": 0.0}),
    ),
    also=(TRAINING_ERROR, ERROR_ON_TRAINING, OVERFITTING),
    epochs=FEW_EPOCHS,
    one_in=FEW_IN,
    curves=("val_top1_error", "train_top1_error"),
)

AUGMENTATION = Claim(
    name="augmentation",
    title="Each augmentation on and off",
    paper="Section 4.1: without random crops and mirrors the network overfits substantially; "
    "varying the colours lowers the top-1 error by over 1%. Squares of random size are of later "
    "networks (GoogLeNet, 2014).",
    here=FEW,
    configurations=(
        Configuration("crops and mirrors"),
        Configuration("crops, no mirrors", {"flip": False}),
        Configuration("mirrors, no crops", {"random_crop": False}),
        Configuration("neither", {"flip": False, "random_crop": False}),
        Configuration("both and colours", {"colour_noise": 0.1}),
        Configuration("both and sizes", {"min_crop": share(5 / 8)}),
    ),
    also=(ERROR_ON_TRAINING, OVERFITTING),
    epochs=FEW_EPOCHS,
    one_in=FEW_IN,
)

TOWERS = Claim(
    name="towers",
    title="Two towers against one",
    paper="Section 3.2: two towers, one on each GPU, lower the top-1 and top-5 errors by 1.7% and "
    "1.2% against one network with half as many filters, which fits on one GPU.",
    here="Another comparison, with the same number of filters: without towers conv2, conv4 and "
    "conv5 have twice the weights, so the network is larger and takes longer, see its parameters.",
    configurations=(
        Configuration("two towers"),
        Configuration("one tower", {"groups": False}),
    ),
    also=(TRAINING_ERROR,),
)

INIT = Claim(
    name="init",
    title="Which initialisation starts, and which stays at ln C",
    paper="Section 5: weights from N(0, 0.01^2) in every layer, and biases of 1 in some, which "
    "speeds up the beginning. The released code has 0.03 in conv3 to conv5.",
    here="The initialisations of the time get pixels as they are, 0 to 255 less a mean image, as "
    "then; He's and Xavier's pixels of spread 1. The learning rate is constant, 0.01 as in 2012. "
    "These constants were found for layers as wide as the paper's; narrower ones, as those of "
    "`mini`, want larger weights. It started when the validation loss after an epoch is a tenth "
    "below ln C, the loss of guessing among C classes.",
    configurations=(
        Configuration("He", {"init": "he"}),
        Configuration("the paper's text", {"init": "paper"}),
        Configuration(
            "the same, pixels of spread 1",
            {"init": "paper", "pixel_scale": spread_of_1, "mean": "colour"},
        ),
        Configuration("the code of 2012", {"init": "2012"}),
        Configuration("Caffe", {"init": "caffe"}),
        Configuration("Xavier", {"init": "xavier"}),
    ),
    measure=LAST_LOSS,
    also=(LAST_TRAINING_LOSS, TO_START),
    settings={"schedule": "constant", "lr": 0.01},
    epochs=4,
    curves=("val_loss",),
    line=(math.log, "ln C"),
)

TEN_CROP = Claim(
    name="ten-crop",
    title="Ten crops against the centre crop",
    paper="Section 4.1: predictions averaged over five crops and their mirror images; without this "
    "the top-1 and top-5 errors are 39.0% and 18.3%, with it 37.5% and 17.0%.",
    here="The same trained networks, measured twice.",
    configurations=(
        Configuration("centre crop"),
        Configuration("ten crops", measure=TEN_CROPS),
    ),
    curves=(),
)

CLAIMS = {
    claim.name: claim
    for claim in (RELU, LRN, POOLING, DROPOUT, AUGMENTATION, TOWERS, INIT, TEN_CROP)
}
