"""The stage that most nets are made of."""

import numpy as np

from nn_scratch.layers import BatchNormReLU2d, Conv2d, Sequential


def conv_norm_relu(c_in, c_out, kernel_size, *, rng=None, dtype=np.float32):
    """A convolution that keeps the size, batch norm, ReLU. The norm's bias takes the place of the
    convolution's."""
    conv = Conv2d(c_in, c_out, kernel_size, padding="same", bias=False, rng=rng, dtype=dtype)
    return Sequential(conv, BatchNormReLU2d(c_out, dtype=dtype))
