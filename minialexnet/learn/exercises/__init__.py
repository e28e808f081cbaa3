"""All exercises, one file a notebook, in the order of the course."""

from minialexnet.learn.exercise import Exercise
from minialexnet.learn.exercises import before_alexnet, convolution, start

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for module in (start, before_alexnet, convolution)
    for exercise in module.EXERCISES
}
