"""All exercises, one file a notebook, in the order of the course."""

from minialexnet.learn.exercise import Exercise
from minialexnet.learn.exercises import (
    before_alexnet,
    convolution,
    dropout,
    gradient_checking,
    lrn,
    softmax,
    start,
)

NOTEBOOKS = (
    start,
    before_alexnet,
    convolution,
    lrn,
    dropout,
    softmax,
    gradient_checking,
)

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for notebook in NOTEBOOKS for exercise in notebook.EXERCISES
}
"""By name."""
