"""The stage that most nets are made of."""

from typing import Any

import numpy as np

from nn_scratch.layers import BatchNormReLU2d, Conv2d, Sequential


def conv_norm_relu(
    c_in: int,
    c_out: int,
    kernel_size: int | tuple[int, int],
    *,
    padding: str = "same",
    rng: Any = None,
    dtype: Any = np.float32,
) -> Sequential:
    """A convolution that keeps the size (with padding "valid": not), batch norm, ReLU. The norm's
    bias takes the place of the convolution's."""
    conv = Conv2d(c_in, c_out, kernel_size, padding=padding, bias=False, rng=rng, dtype=dtype)
    return Sequential(conv, BatchNormReLU2d(c_out, dtype=dtype))
