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

import numpy as np

from nn_scratch.backend import xp_of
from nn_scratch.layers import (
    Container,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    inference_mode,
)

CROPS = 1024  # classified at once


class PatchClassifier(Container):
    """(N, in_channels, patch, patch) -> class scores (N, num_classes).

    One unpadded convolution with ReLU for each of `widths`, followed by a 2×2 max-pool in the
    stages that `pools` names (numbers from 0), then two linear layers with `features` between them.
    The class is that of the patch's middle pixel; `patch` is odd, so that there is one.
    """

    def __init__(
        self,
        in_channels,
        num_classes,
        patch=17,
        widths=(16, 32),
        kernel_size=5,
        pools=(),
        features=64,
        *,
        rng=None,
        dtype=np.float32,
    ):
        if patch % 2 == 0:
            raise ValueError(f"patch is {patch}, but must be odd to have a middle pixel")
        rng = np.random.default_rng(rng)
        self.patch = patch
        stages, size = [], patch
        for i, (c_in, c_out) in enumerate(zip((in_channels, *widths[:-1]), widths, strict=True)):
            stages += [Conv2d(c_in, c_out, kernel_size, rng=rng, dtype=dtype), ReLU()]
            size -= kernel_size - 1
            if i in pools:
                stages.append(MaxPool2d(2))
                size //= 2
            if size < 1:
                raise ValueError(
                    f"a patch of {patch} has no pixel left after stage {i}: use a larger patch, "
                    f"smaller kernels than {kernel_size}, or fewer stages"
                )
        self.layers = Sequential(
            *stages,
            Flatten(),
            Linear(widths[-1] * size * size, features, rng=rng, dtype=dtype),
            ReLU(),
            Linear(features, num_classes, rng=rng, dtype=dtype),
        )
        super().__init__({"layers": self.layers}, first="layers")

    def forward(self, x):
        return self.layers(x)

    def backward(self, dscores):
        return self.layers.backward(dscores)


class SlidingWindow:
    """A segmenter made of a patch classifier: (N, C, H, W) -> scores (N, num_classes, H, W).

    For every pixel the patch around it is cut from the image, which has zeros around it, and is
    classified on its own.
    """

    def __init__(self, classifier):
        self.classifier = classifier

    def __call__(self, x):
        patch = self.classifier.patch
        n, _, height, width = x.shape
        crops = np.lib.stride_tricks.sliding_window_view(
            pad_for_patches(x, patch), (patch, patch), axis=(2, 3)
        )  # (N, C, H, W, patch, patch), a view
        crops = crops.transpose(0, 2, 3, 1, 4, 5)
        pixels = [np.unravel_index(i, (n, height, width)) for i in _runs(n * height * width)]
        with inference_mode(self.classifier):
            scores = np.concatenate([self.classifier(crops[at]) for at in pixels])
        return np.ascontiguousarray(scores.reshape(n, height, width, -1).transpose(0, 3, 1, 2))


def pad_for_patches(x, patch):
    """Zeros around the images, so that every pixel is the middle of a patch."""
    half = patch // 2
    return xp_of(x).pad(x, ((0, 0), (0, 0), (half, half), (half, half)))


class FullyConvolutional(Container):
    """(N, in_channels, H, W) -> scores (N, num_classes, H, W): the same segmenter, by convolutions
    over the whole image at once.

    Its weights are the classifier's own arrays, seen as kernels: training one trains the other,
    until one of them is moved or converted. `net` takes padded images, (N, C, H + patch − 1,
    W + patch − 1). Where the classifier's pools leave rows of its patch over, its map has as many
    rows more than the image; they are cut off.
    """

    def __init__(self, classifier):
        self.classifier = classifier
        self.net = Sequential(*_as_convolutions(classifier))
        super().__init__({"net": self.net}, first="net")

    def forward(self, x):
        scores = self.net(pad_for_patches(x, self.classifier.patch))
        self.saved = scores.shape, x.shape
        return scores[:, :, : x.shape[2], : x.shape[3]]

    def backward(self, dscores):
        whole, (_, _, height, width) = self.recall()
        padded = xp_of(dscores).zeros(whole, dscores.dtype)
        padded[:, :, :height, :width] = dscores
        dx = self.net.backward(padded)
        half = self.classifier.patch // 2
        return None if dx is None else dx[:, :, half : half + height, half : half + width]


def _as_convolutions(classifier):
    """The classifier's layers, for images of any size."""
    dilation, size = 1, classifier.patch
    for layer in classifier.layers:
        if isinstance(layer, Conv2d):
            size -= layer.params["weight"].shape[2] - 1
            yield _convolution(layer, layer.params["weight"], dilation)
        elif isinstance(layer, MaxPool2d):
            yield MaxPool2d(2, stride=1, dilation=dilation)
            dilation, size = 2 * dilation, size // 2
        elif isinstance(layer, Linear):
            weight = layer.params["weight"]
            yield _convolution(layer, weight.reshape(len(weight), -1, size, size), dilation)
            size = 1  # what Flatten made of (C, size, size), the kernel takes in; then one pixel
        elif isinstance(layer, ReLU):
            yield ReLU()


def _convolution(layer, weight, dilation):
    """A convolution with the layer's own bias and this weight (F, C, h, w), a view of its own."""
    f, c, *kernel = weight.shape
    convolution = Conv2d(c, f, kernel, dilation=dilation, dtype=weight.dtype)
    convolution.params |= {"weight": weight, "bias": layer.params["bias"]}
    return convolution


def _runs(count):
    return [np.arange(i, min(i + CROPS, count)) for i in range(0, count, CROPS)]
