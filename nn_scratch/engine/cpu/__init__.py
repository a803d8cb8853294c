"""The primitives on NumPy arrays, fast: blocks that fit the cache, one thread a core."""

from nn_scratch.engine import plain
from nn_scratch.engine.cpu.batch_norm import (
    batch_norm_backward_elemt,
    batch_norm_backward_reduce,
    batch_norm_elemt,
    batch_norm_stats,
    channel_sum,
)
from nn_scratch.engine.cpu.conv import conv_backward_data, conv_backward_filter, conv_forward
from nn_scratch.engine.cpu.gemm import matrix_product, separable_transform
from nn_scratch.engine.cpu.pointwise import relu, relu_backward
from nn_scratch.engine.cpu.pool import gather, max_pool_argmax, scatter_add


def __getattr__(name):
    """A primitive without a faster way is computed the plain way."""
    return getattr(plain, name)
