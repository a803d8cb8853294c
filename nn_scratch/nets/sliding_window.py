"""From a class for a patch to a class for every pixel: by a sliding window, and by convolutions.

    PatchClassifier      patch ─ [conv relu pool?] ─ … ─ flatten ─ linear ─ relu ─ linear ─ scores
    SlidingWindow        crops a patch around every pixel, and classifies each crop
    FullyConvolutional   the same weights as convolutions: the whole image at once

Neighbouring patches overlap almost completely, and the sliding window computes the overlap again
for each of them. A convolution over the image computes it once (Sermanet et al. 2013, OverFeat,
§3.5; Long et al. 2015, FCN, §3.1). The results are the same: a linear layer over a patch of h × w
is a convolution with a kernel of h × w, and without padding no layer sees where the patch ends.

After a pool with stride s, the classifier sees only every s-th position of its patch. For a result
at every pixel, the pool gets stride 1, and all layers after it are dilated by s. Each output then
reads the positions that the pool of its own patch would have kept. (Shift-and-stitch, which runs
the net on s² shifted images and interleaves the results, computes the same: Long et al. 2015,
§3.2.)
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

CROPS = 1024  # in one forward pass


class PatchClassifier(Sequential):
    """(N, in_channels, patch, patch) -> class scores (N, num_classes).

    patch: the side of a patch, odd; the class is that of its middle pixel.
    widths: the channels of each stage, a convolution without padding and a ReLU.
    kernel_size: of the convolutions.
    pools: the numbers of the stages, from 0 on, that end with a 2×2 max-pool.
    features: the width of the first of the two linear layers at the end.

    Raises: ValueError if patch is even, or too small for the stages; TypeError or ValueError for
        impossible channels, widths or kernel_size.
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

    The patch around every pixel is cut from the image, which is padded with zeros, and classified
    by itself.

    Raises: TypeError for a classifier without a patch.
    """

    def __init__(self, classifier: Any) -> None:
        self.classifier = _patch_classifier("classifier", classifier)

    def count(self, image_size: tuple[int, int]) -> int:
        """The number of patches in an image of this size (H, W): one for each pixel.

        Raises: TypeError or ValueError if image_size is not a size.
        """
        height, width = pair("image_size", image_size)
        return height * width

    def __call__(self, x: Array) -> Array:
        check_values(x=x)
        check_rank("x", x, 4)
        patch = self.classifier.patch
        padded = ZeroPad2d(patch // 2)(x)  # every pixel is the middle of a patch
        (scores,) = run_on_crops(self.classifier, padded, patch, 1)
        return scores


class FullyConvolutional(Layer):
    """(N, in_channels, H, W) -> scores (N, num_classes, H, W): the same as a SlidingWindow,
    computed by convolutions over the whole image at once.

    The weights are the arrays of the classifier, seen as kernels: training one trains the other,
    until one of them is moved or converted. The attribute `net` takes padded images, (N, C, H +
    patch − 1, W + patch − 1). If the pools of the classifier leave rows of its patch over, the map
    of `net` has that many rows too many, which are cut off. The attribute `sliding_window` computes
    the same patch by patch.

    Raises: TypeError if a layer of the classifier has no dense form (Layer.as_dense).
    """

    first_child = "net"

    def __init__(self, classifier: Any) -> None:
        super().__init__()
        self.patch = _patch_classifier("classifier", classifier).patch
        self.sliding_window = SlidingWindow(classifier)  # not a layer, so it adds no parameters
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
    """Check that a value is a Layer with the attributes `patch` and `layers`, and return it."""
    an_instance(name, value, Layer)
    if not hasattr(value, "patch") or not hasattr(value, "layers"):
        raise TypeError(f"{name} is a {type(value).__name__}, but must have a patch and layers")
    return value


def _dense(classifier) -> Iterator[Layer]:
    """The dense forms of the classifier's layers, which work on images of any size."""
    size, dilation = classifier.patch, 1
    for layer in classifier.layers:
        dense, size, dilation = layer.as_dense(size, dilation)
        if dense is not None:
            yield dense


def run_on_crops(net: Layer, padded: Array, size: int, stride: int) -> list[Array]:
    """Run a net on each window of size × size pixels of padded images, `stride` pixels apart.

    Returns: the net's outputs (N, K, h, w), a list with one array for each.
    """
    crops = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(2, 3))
    # A view (N, C, h, w, size, size), of which only some crops are copied at a time.
    crops = crops[:, :, ::stride, ::stride].transpose(0, 2, 3, 1, 4, 5)
    places = n, rows, columns = crops.shape[:3]
    outputs = []
    with inference_mode(net):
        for start in range(0, max(n * rows * columns, 1), CROPS):
            some = np.arange(start, min(start + CROPS, n * rows * columns))
            y = net(crops[np.unravel_index(some, places)])
            outputs.append(y if isinstance(y, tuple) else (y,))
    return [
        np.ascontiguousarray(
            np.concatenate(parts).reshape(*places, parts[0].shape[1]).transpose(0, 3, 1, 2)
        )
        for parts in zip(*outputs, strict=True)
    ]
