"""Pictures of images, label maps, boxes, arrays and losses, and moving pictures of the layers.

Every function returns a matplotlib Figure (animations: Figures, one after the other); names of
classes and nets are drawn as text, whatever is in them.
"""

from nn_scratch.plotting.animations import (
    animate_conv_transpose,
    animate_convolution,
    animate_descent,
    animate_pooling,
    animate_sliding_window,
    animate_switches,
    save_gif,
)
from nn_scratch.plotting.box_formats import plot_box_formats
from nn_scratch.plotting.charts import (
    plot_dots,
    plot_lines,
    plot_losses,
    plot_ridges,
    plot_shares,
    plot_valley,
)
from nn_scratch.plotting.confusion import plot_confusion, plot_counts
from nn_scratch.plotting.detecting import (
    plot_anchors,
    plot_heat,
    plot_point,
    plot_precision_recall,
    plot_suppression,
)
from nn_scratch.plotting.detection import plot_detections, plot_found
from nn_scratch.plotting.diagrams import (
    plot_chain,
    plot_filtered,
    plot_phases,
    plot_signed,
    plot_threads,
    plot_two_boxes,
    plot_two_heads,
    plot_views,
)
from nn_scratch.plotting.figures import (
    plot_arrays,
    plot_box,
    plot_boxes,
    plot_four_tasks,
    plot_images,
    plot_overlay,
    plot_segmentation,
)
from nn_scratch.plotting.kernels import plot_kernels
from nn_scratch.plotting.label_maps import plot_label_maps
from nn_scratch.plotting.looking_inside import (
    animate_learning,
    plot_box_occlusion,
    plot_learning,
    plot_occlusion,
)
from nn_scratch.plotting.net import plot_net
from nn_scratch.plotting.outlines import plot_outlines
from nn_scratch.plotting.progress import plot_progress
from nn_scratch.plotting.roofline import plot_roofline
from nn_scratch.plotting.scores import plot_scores
from nn_scratch.plotting.sharing import plot_scatter_and_gather, plot_tile
from nn_scratch.plotting.strips import plot_strip
from nn_scratch.plotting.timing import plot_bars, plot_timeline, plot_units
from nn_scratch.plotting.upwards import plot_blocks, plot_interpolation, plot_points
from nn_scratch.plotting.ways import plot_ways
from nn_scratch.plotting.windows import (
    plot_dense_pool,
    plot_dilation,
    plot_overlap,
    plot_patches,
    plot_pooled,
    plot_switches,
)

__all__ = [
    "animate_conv_transpose",
    "animate_convolution",
    "animate_descent",
    "animate_learning",
    "animate_pooling",
    "animate_sliding_window",
    "animate_switches",
    "plot_anchors",
    "plot_arrays",
    "plot_bars",
    "plot_blocks",
    "plot_box",
    "plot_box_formats",
    "plot_box_occlusion",
    "plot_boxes",
    "plot_chain",
    "plot_confusion",
    "plot_counts",
    "plot_dense_pool",
    "plot_detections",
    "plot_dilation",
    "plot_dots",
    "plot_filtered",
    "plot_found",
    "plot_four_tasks",
    "plot_heat",
    "plot_images",
    "plot_interpolation",
    "plot_kernels",
    "plot_label_maps",
    "plot_learning",
    "plot_lines",
    "plot_losses",
    "plot_net",
    "plot_occlusion",
    "plot_outlines",
    "plot_overlap",
    "plot_overlay",
    "plot_patches",
    "plot_phases",
    "plot_point",
    "plot_points",
    "plot_pooled",
    "plot_precision_recall",
    "plot_progress",
    "plot_ridges",
    "plot_roofline",
    "plot_scatter_and_gather",
    "plot_scores",
    "plot_segmentation",
    "plot_shares",
    "plot_signed",
    "plot_strip",
    "plot_suppression",
    "plot_switches",
    "plot_threads",
    "plot_tile",
    "plot_timeline",
    "plot_two_boxes",
    "plot_two_heads",
    "plot_units",
    "plot_valley",
    "plot_views",
    "plot_ways",
    "save_gif",
]
