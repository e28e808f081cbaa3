"""All exercises, one file a notebook, in the order of the course."""

from minialexnet.learn.exercise import Exercise
from minialexnet.learn.exercises import assembled, convolution, training

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for module in (convolution, assembled, training)
    for exercise in module.EXERCISES
}
