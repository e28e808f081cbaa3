"""All exercises, one file a notebook, in the order of the course."""

from minialexnet.learn.exercise import Exercise
from minialexnet.learn.exercises import convolution, gradient_checking, softmax

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for module in (convolution, softmax, gradient_checking)
    for exercise in module.EXERCISES
}
