"""Training: optimizer, schedules, the loop, metrics, checkpoints."""

from minialexnet.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from minialexnet.training.config import TrainConfig
from minialexnet.training.evaluation import (
    Preprocessing,
    evaluate,
    mean_of_views,
    mean_to_subtract,
    trained_network,
)
from minialexnet.training.feeding import training_batches
from minialexnet.training.metrics import TOP_K, Tally
from minialexnet.training.presets import PRESETS, planned, planned_for, read_preset
from minialexnet.training.progress import Progress, duration
from minialexnet.training.run_folder import RunFolder
from minialexnet.training.schedules import SCHEDULES, Schedule, make_schedule
from minialexnet.training.sgd import SGD
from minialexnet.training.trainer import (
    Trainer,
    TrainingDiverged,
    TrainingInterrupted,
    TrainingStopped,
    first_nonfinite,
)

__all__ = [
    "PRESETS",
    "SCHEDULES",
    "SGD",
    "TOP_K",
    "Checkpoint",
    "Preprocessing",
    "Progress",
    "RunFolder",
    "Schedule",
    "Tally",
    "TrainConfig",
    "Trainer",
    "TrainingDiverged",
    "TrainingInterrupted",
    "TrainingStopped",
    "duration",
    "evaluate",
    "first_nonfinite",
    "load_checkpoint",
    "make_schedule",
    "mean_of_views",
    "mean_to_subtract",
    "planned",
    "planned_for",
    "read_preset",
    "save_checkpoint",
    "trained_network",
    "training_batches",
]
