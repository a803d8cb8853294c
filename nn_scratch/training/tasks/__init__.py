"""The tasks that nets are trained for. Each is a class in a file of its own, listed in TASKS."""

from nn_scratch.training.tasks.detection import Detection
from nn_scratch.training.tasks.localization import Localization
from nn_scratch.training.tasks.segmentation import Segmentation
from nn_scratch.training.tasks.task import Task

TASKS = {task.name: task for task in (Segmentation, Localization, Detection)}

__all__ = ["TASKS", "Detection", "Localization", "Segmentation", "Task"]
