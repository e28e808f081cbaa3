"""All exercises, one file a notebook, in the order of the course."""

from minialexnet.learn.exercise import Exercise
from minialexnet.learn.exercises import convolution, pooling, relu

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for module in (convolution, relu, pooling)
    for exercise in module.EXERCISES
}
