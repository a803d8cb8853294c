"""The primitives on CuPy arrays: our own kernels where they apply."""

from nn_scratch.engine import plain
from nn_scratch.engine.cuda.launch import (
    batch_norm_backward_elemt,
    batch_norm_backward_reduce,
    batch_norm_elemt,
    batch_norm_stats,
    conv_backward_data,
    conv_backward_filter,
    conv_forward,
    cross_entropy_slopes,
    cross_entropy_terms,
    gather,
    max_pool_argmax,
    scatter_add,
)


def __getattr__(name):
    """A primitive without a kernel is computed the plain way."""
    return getattr(plain, name)
