"""The definition of every op as plain loops, forward and backward: what the words mean.

Same names, signatures and results as `nn_scratch.ops`, far slower: one number at a time, nothing
shared between the loops, and nothing taken from `ops` or from the engine. The tests compare against
this, and exercises are judged by it. Arguments are checked as those of `ops` are.
"""

from nn_scratch.naive.activation import (
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
)
from nn_scratch.naive.conv import (
    conv2d,
    conv2d_backward,
    conv_transpose2d,
    conv_transpose2d_backward,
)
from nn_scratch.naive.detection import (
    focal_loss,
    focal_loss_backward,
    masked_l1_loss,
    masked_l1_loss_backward,
    sigmoid_focal_loss,
    sigmoid_focal_loss_backward,
)
from nn_scratch.naive.linear import (
    linear,
    linear_backward,
)
from nn_scratch.naive.loss import (
    cross_entropy,
    cross_entropy_backward,
    mse_loss,
    mse_loss_backward,
    smooth_l1_loss,
    smooth_l1_loss_backward,
)
from nn_scratch.naive.norm import (
    batch_norm2d,
    batch_norm2d_backward,
)
from nn_scratch.naive.pool import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
    max_unpool2d,
    max_unpool2d_backward,
)
from nn_scratch.naive.upsample import (
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
