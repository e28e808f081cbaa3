"""All exercises, one file a notebook, in the order of the course."""

from minialexnet.learn.exercise import Exercise
from minialexnet.learn.exercises import after_alexnet, convolution, look_inside

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for module in (convolution, look_inside, after_alexnet)
    for exercise in module.EXERCISES
}
