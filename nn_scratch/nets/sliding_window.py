"""From one class for a patch to one class for every pixel: sliding, and the same without the waste.

    PatchClassifier      patch ─ [conv relu pool?] ─ … ─ flatten ─ linear ─ relu ─ linear ─ scores
    SlidingWindow        crops a patch around every pixel, and classifies each crop
    FullyConvolutional   the same weights as convolutions: the whole image at once

Neighbouring patches overlap almost everywhere, and the sliding window computes the overlap anew
for each of them. A convolution over the image computes it once (Sermanet et al. 2013, OverFeat,
§3.5; Long et al. 2015, FCN, §3.1), and the results are the same: a linear layer over a patch of
h × w is a convolution with a kernel of h × w, and without padding no layer can tell where the patch
ends.

A pool with stride s makes the classifier see every s-th position of its patch. To give every pixel
its own, the pool moves by 1 instead, and all that follows is dilated by s: each output then reads
the positions that its own patch's pool would have kept. (Shift-and-stitch, running the net on s²
shifted images and interleaving the results, computes the same: Long et al. 2015, §3.2.)
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from nn_scratch.arguments import a_generator, an_instance, each, room_for, whole
from nn_scratch.backend import Array, xp_of
from nn_scratch.geometry import pair
from nn_scratch.layers import (
    Conv2d,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    ZeroPad2d,
    inference_mode,
)
from nn_scratch.nets.block import LARGEST_WIDTH, check_sizes
from nn_scratch.validate import check_rank, check_values

CROPS = 1024  # classified at once


class PatchClassifier(Sequential):
    """(N, in_channels, patch, patch) -> class scores (N, num_classes).

    One unpadded convolution with ReLU for each of `widths`, followed by a 2×2 max-pool in the
    stages that `pools` names (numbers from 0), then two linear layers with `features` between them.
    The class is that of the patch's middle pixel; `patch` is odd, so that there is one.

    Raises: ValueError if it is even, or too small for the stages; TypeError or ValueError for
        channels, widths or a kernel_size that are none.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        patch: int = 17,
        widths: tuple[int, ...] = (16, 32),
        kernel_size: int = 5,
        pools: tuple[int, ...] = (),
        features: int = 64,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        check_sizes(widths, kernel_size, in_channels=in_channels, num_classes=num_classes)
        features = whole("features", features, 1, LARGEST_WIDTH)
        patch, kernel_size = whole("patch", patch, 1), whole("kernel_size", kernel_size, 1)
        followed = each("pools", pools, lambda name, at: whole(name, at, 0, len(widths) - 1))
        if patch % 2 == 0:
            raise ValueError(f"patch is {patch}, but must be odd to have a middle pixel")
        options = {"rng": a_generator("rng", rng), "dtype": dtype}
        stages, size = [], patch
        for i, (c_in, c_out) in enumerate(pairwise((in_channels, *widths))):
            stages += [Conv2d(c_in, c_out, kernel_size, **options), ReLU()]
            size -= kernel_size - 1
            if i in followed:
                stages.append(MaxPool2d(2))
                size //= 2
            if size < 1:
                raise ValueError(
                    f"a patch of {patch} has no pixel left after stage {i}: use a larger patch, "
                    f"smaller kernels than {kernel_size}, or fewer stages"
                )
        room_for("patch, widths and features", widths[-1], size, size, features)
        super().__init__(
            *stages,
            Flatten(),
            Linear(widths[-1] * size * size, features, **options),
            ReLU(),
            Linear(features, num_classes, **options),
        )
        self.patch = patch


class SlidingWindow:
    """A segmenter made of a patch classifier: (N, C, H, W) -> scores (N, num_classes, H, W).

    For every pixel the patch around it is cut from the image, which has zeros around it, and is
    classified on its own.

    Raises: TypeError for a classifier without a patch.
    """

    def __init__(self, classifier: Any) -> None:
        self.classifier = _patch_classifier("classifier", classifier)

    def count(self, image_size: tuple[int, int]) -> int:
        """How many patches there are in an image of this size: one for each pixel.

        Raises: TypeError or ValueError for a size that is none.
        """
        height, width = pair("image_size", image_size)
        return height * width

    def __call__(self, x: Array) -> Array:
        check_values(x=x)
        check_rank("x", x, 4)
        patch = self.classifier.patch
        n, _, height, width = x.shape
        padded = ZeroPad2d(patch // 2)(x)  # every pixel is the middle of a patch
        crops = np.lib.stride_tricks.sliding_window_view(
            padded, (patch, patch), axis=(2, 3)
        )  # (N, C, H, W, patch, patch), a view
        crops = crops.transpose(0, 2, 3, 1, 4, 5)
        pixels = [np.unravel_index(i, (n, height, width)) for i in _runs(n * height * width)]
        with inference_mode(self.classifier):
            scores = np.concatenate([self.classifier(crops[at]) for at in pixels])
        return np.ascontiguousarray(
            scores.reshape(n, height, width, scores.shape[1]).transpose(0, 3, 1, 2)
        )


class FullyConvolutional(Layer):
    """(N, in_channels, H, W) -> scores (N, num_classes, H, W): the same segmenter, by convolutions
    over the whole image at once.

    Its weights are the classifier's own arrays, seen as kernels: training one trains the other,
    until one of them is moved or converted. `net` takes padded images, (N, C, H + patch − 1,
    W + patch − 1). Where the classifier's pools leave rows of its patch over, its map has as many
    rows more than the image; they are cut off. `sliding_window` is the classifier patch by patch.

    Raises: TypeError if a layer of the classifier does not tell how it slides (Layer.as_dense).
    """

    first_child = "net"

    def __init__(self, classifier: Any) -> None:
        super().__init__()
        self.patch = _patch_classifier("classifier", classifier).patch
        self.sliding_window = SlidingWindow(classifier)  # no layer: it adds no parameters
        self.pad = ZeroPad2d(classifier.patch // 2)  # every pixel is the middle of a patch
        self.net = Sequential(*_dense(classifier))

    def forward(self, x: Array) -> Array:
        scores = self.net(self.pad(x))
        self.saved = scores.shape
        return scores[:, :, : x.shape[2], : x.shape[3]]

    def backward(self, dscores: Array) -> Any:
        padded = xp_of(dscores).zeros(self.saved, dscores.dtype)
        padded[:, :, : dscores.shape[2], : dscores.shape[3]] = dscores
        dx = self.net.backward(padded)
        return None if dx is None else self.pad.backward(dx)


def _patch_classifier(name, value):
    """A layer that says how large its patches are, and which layers it is made of."""
    an_instance(name, value, Layer)
    if not hasattr(value, "patch") or not hasattr(value, "layers"):
        raise TypeError(f"{name} is a {type(value).__name__}, but must have a patch and layers")
    return value


def _dense(classifier) -> Iterator[Layer]:
    """The classifier's layers, for images of any size."""
    size, dilation = classifier.patch, 1
    for layer in classifier.layers:
        dense, size, dilation = layer.as_dense(size, dilation)
        if dense is not None:
            yield dense


def _runs(count):
    """The numbers below count, CROPS at a time."""
    return [np.arange(i, min(i + CROPS, count)) for i in range(0, max(count, 1), CROPS)]
