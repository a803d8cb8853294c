"""Metrics of segmentation, boundaries, boxes and detections; targets and boxes of detectors; names
and values as text for tables and figures."""

from nn_scratch.evaluation.boundary import boundary_f1, image_boundary_f1
from nn_scratch.evaluation.boxes import (
    best_constant_box,
    box_iou,
    iou_matrix,
    success_rate,
    to_fractions,
    to_pixels,
)
from nn_scratch.evaluation.detection import (
    Curve,
    Detections,
    Matches,
    Objects,
    area_under,
    areas,
    average_precision,
    match,
    nms,
    precision_recall,
)
from nn_scratch.evaluation.display import display_name, display_value
from nn_scratch.evaluation.heat_maps import (
    CenterTargets,
    center_targets,
    decode_centers,
    gaussian_radius,
)
from nn_scratch.evaluation.occlusion import box_score, class_score, label_score, occlusion
from nn_scratch.evaluation.segmentation import (
    class_average_accuracy,
    class_iou,
    confusion_matrix,
    global_accuracy,
    mean_iou,
    median_frequency_weights,
)
from nn_scratch.names import columns, padded, printable, shortened

__all__ = [
    "CenterTargets",
    "Curve",
    "Detections",
    "Matches",
    "Objects",
    "area_under",
    "areas",
    "average_precision",
    "best_constant_box",
    "boundary_f1",
    "box_iou",
    "box_score",
    "center_targets",
    "class_average_accuracy",
    "class_iou",
    "class_score",
    "columns",
    "confusion_matrix",
    "decode_centers",
    "display_name",
    "display_value",
    "gaussian_radius",
    "global_accuracy",
    "image_boundary_f1",
    "iou_matrix",
    "label_score",
    "match",
    "mean_iou",
    "median_frequency_weights",
    "nms",
    "occlusion",
    "padded",
    "precision_recall",
    "printable",
    "shortened",
    "success_rate",
    "to_fractions",
    "to_pixels",
]
