"""Metrics of segmentation, of boundaries and of boxes; names as text for tables and pictures."""

from nn_scratch.evaluation.boundary import boundary_f1, image_boundary_f1
from nn_scratch.evaluation.boxes import (
    best_constant_box,
    box_iou,
    success_rate,
    to_fractions,
    to_pixels,
)
from nn_scratch.evaluation.display import display_name, display_value
from nn_scratch.evaluation.names import columns, padded, printable, shortened
from nn_scratch.evaluation.segmentation import (
    class_average_accuracy,
    class_iou,
    confusion_matrix,
    global_accuracy,
    mean_iou,
    median_frequency_weights,
)

__all__ = [
    "best_constant_box",
    "boundary_f1",
    "box_iou",
    "class_average_accuracy",
    "class_iou",
    "columns",
    "confusion_matrix",
    "display_name",
    "display_value",
    "global_accuracy",
    "image_boundary_f1",
    "mean_iou",
    "median_frequency_weights",
    "padded",
    "printable",
    "shortened",
    "success_rate",
    "to_fractions",
    "to_pixels",
]
