"""All exercises, one file a notebook, in the order of the course."""

from minialexnet.learn.exercise import Exercise
from minialexnet.learn.exercises import augmentation, convolution, sgd_and_initialisation

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for module in (convolution, sgd_and_initialisation, augmentation)
    for exercise in module.EXERCISES
}
