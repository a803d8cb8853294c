"""The stage that most nets are made of."""

from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from nn_scratch.arguments import an_instance, each, room_for, whole
from nn_scratch.geometry import pair
from nn_scratch.layers import BatchNormReLU2d, Conv2d, Sequential

LARGEST_WIDTH, LARGEST_KERNEL = 2**16, 255  # beyond, a typing error only fills the memory


def check_sizes(widths: Any, kernel_size: Any, **channels: Any) -> None:
    """What nets are made of: the widths of at least one stage, a kernel, numbers of channels.

    Raises: TypeError or ValueError, by the argument's name, for what is none of these.
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
    """A convolution that keeps the size (with padding "valid": not), batch norm, ReLU. The norm's
    bias takes the place of the convolution's."""
    conv = Conv2d(c_in, c_out, kernel_size, padding=padding, bias=False, rng=rng, dtype=dtype)
    return Sequential(conv, BatchNormReLU2d(c_out, dtype=dtype))
