"""All exercises, one file a notebook, in the order of the course."""

from minialexnet.learn.exercise import Exercise
from minialexnet.learn.exercises import (
    after_alexnet,
    assembled,
    augmentation,
    before_alexnet,
    convolution,
    dropout,
    gradient_checking,
    look_inside,
    lrn,
    pooling,
    relu,
    sgd_and_initialisation,
    softmax,
    start,
    training,
)

NOTEBOOKS = (
    start,
    before_alexnet,
    convolution,
    relu,
    pooling,
    lrn,
    dropout,
    softmax,
    gradient_checking,
    sgd_and_initialisation,
    augmentation,
    assembled,
    training,
    look_inside,
    after_alexnet,
)

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for notebook in NOTEBOOKS for exercise in notebook.EXERCISES
}
"""By name."""
