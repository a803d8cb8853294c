"""The heart: every op as a pure function, its backward pass beside it.

No function changes its arguments, and a backward function receives what it needs. Batch is N,
channels C, images are (N, C, H, W); values are float32 or float64 and keep their type.
`nn_scratch.naive` defines each of them once more, as plain loops.
"""

from nn_scratch.ops.activation import (
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
)
from nn_scratch.ops.conv import (
    conv2d,
    conv2d_backward,
    conv_transpose2d,
    conv_transpose2d_backward,
)
from nn_scratch.ops.detection import (
    focal_loss,
    focal_loss_backward,
    masked_l1_loss,
    masked_l1_loss_backward,
    sigmoid_focal_loss,
    sigmoid_focal_loss_backward,
)
from nn_scratch.ops.linear import linear, linear_backward
from nn_scratch.ops.loss import (
    cross_entropy,
    cross_entropy_backward,
    mse_loss,
    mse_loss_backward,
    smooth_l1_loss,
    smooth_l1_loss_backward,
)
from nn_scratch.ops.norm import batch_norm2d, batch_norm2d_backward
from nn_scratch.ops.pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
    max_unpool2d,
    max_unpool2d_backward,
)
from nn_scratch.ops.upsample import (
    bed_of_nails_unpool2d,
    bed_of_nails_unpool2d_backward,
    bilinear_upsample2d,
    bilinear_upsample2d_backward,
    nearest_unpool2d,
    nearest_unpool2d_backward,
)

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "batch_norm2d",
    "batch_norm2d_backward",
    "bed_of_nails_unpool2d",
    "bed_of_nails_unpool2d_backward",
    "bilinear_upsample2d",
    "bilinear_upsample2d_backward",
    "conv2d",
    "conv2d_backward",
    "conv_transpose2d",
    "conv_transpose2d_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "focal_loss",
    "focal_loss_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "linear",
    "linear_backward",
    "masked_l1_loss",
    "masked_l1_loss_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "max_unpool2d",
    "max_unpool2d_backward",
    "mse_loss",
    "mse_loss_backward",
    "nearest_unpool2d",
    "nearest_unpool2d_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "sigmoid_focal_loss",
    "sigmoid_focal_loss_backward",
    "smooth_l1_loss",
    "smooth_l1_loss_backward",
    "softmax",
    "softmax_backward",
]
