"""The block that most nets are made of: convolution, batch norm and ReLU."""

from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from nn_scratch.arguments import an_instance, each, room_for, whole
from nn_scratch.geometry import pair
from nn_scratch.layers import BatchNormReLU2d, Conv2d, Sequential

LARGEST_WIDTH, LARGEST_KERNEL = 2**16, 255  # larger ones are typing errors, and fill the memory


def check_sizes(widths: Any, kernel_size: Any, **channels: Any) -> None:
    """Check the widths of at least one stage, a kernel size, and numbers of channels.

    Raises: TypeError or ValueError, with the name of the argument, for impossible values.
    """
    an_instance("widths", widths, (tuple, list), "a tuple of numbers")
    found = each("widths", widths, lambda name, width: whole(name, width, 1, LARGEST_WIDTH))
    if not found:
        raise ValueError("widths are none, but a net has at least one stage")
    numbers = [whole(name, number, 1, LARGEST_WIDTH) for name, number in channels.items()]
    for side in pair("kernel_size", kernel_size):
        whole("kernel_size", side, 1, LARGEST_KERNEL)
    taps = prod(pair("kernel_size", kernel_size))
    for a, b in pairwise((*numbers, *found, *numbers)):
        room_for(f"{', '.join(channels)}, widths and kernel_size", a, b, taps)


def conv_norm_relu(
    c_in: int,
    c_out: int,
    kernel_size: int | tuple[int, int],
    *,
    padding: str = "same",
    rng: Any = None,
    dtype: Any = np.float32,
) -> Sequential:
    """A convolution, batch norm and ReLU. The convolution keeps the size of maps, unless padding is
    "valid", and needs no bias, because batch norm has one."""
    conv = Conv2d(c_in, c_out, kernel_size, padding=padding, bias=False, rng=rng, dtype=dtype)
    return Sequential(conv, BatchNormReLU2d(c_out, dtype=dtype))
