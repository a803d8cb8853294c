"""Every op, layer and net of the library, with inputs whose shapes reveal mistakes.

Batches hold two images that are not square, channels are unequal, a kernel is 3×2, and strides
and padding differ by axis: on one square image with C_in = C_out, many wrong backward passes look
right.
"""

from dataclasses import dataclass, field

import numpy as np

from nn_scratch import layers, naive, nets, ops
from nn_scratch.layers.base import Layer


@dataclass
class CheckCase:
    """One check: a `target` for check_gradients, with its inputs and options."""

    name: str
    note: str
    target: Layer | tuple
    inputs: tuple
    options: dict = field(default_factory=dict)


def draw(*shape):
    """Standard normal values, the same for the same shape."""
    return np.random.default_rng(list(shape)).standard_normal(shape)


def catalogue():
    """All cases, in the order in which they are shown."""
    return [*op_cases(), *layer_cases(), *net_cases()]


def op_cases():
    x, labels = draw(2, 4, 7, 6), np.random.default_rng(0).integers(0, 4, (2, 7, 6))
    switches = naive.max_pool2d(x, (3, 2))[1]
    overlapping = naive.max_pool2d(x, 3, stride=2, padding=1)[1]
    running = draw(4), draw(4) ** 2 + 1
    heat = np.exp(-(draw(2, 4, 7, 6) ** 2)).round(1)  # some values are 1, as at objects' centres
    options = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}
    grouped = {"stride": 2, "padding": ((1, 0), (0, 2)), "groups": 2}

    def op(name, note, *inputs, **keywords):
        pair = getattr(ops, name), getattr(ops, f"{name}_backward")
        return CheckCase(name, note, pair, inputs, keywords)

    return [
        op("conv2d", "strided, dilated", x, draw(3, 4, 3, 2), draw(3), **options),
        op("conv2d", "2 groups", x, draw(6, 2, 3, 2), draw(6), **grouped),
        op("conv2d", "same", x, draw(4, 4, 3, 4), padding="same"),
        op("conv_transpose2d", "strided, dilated", x, draw(4, 3, 3, 2), draw(3), **options),
        op("conv_transpose2d", "2 groups", x, draw(4, 3, 3, 2), draw(6), **grouped),
        op("conv_transpose2d", "output_padding", x, draw(4, 3, 3, 2), stride=2, output_padding=1),
        op("max_pool2d", "", x, kernel_size=(3, 2)),
        op("max_pool2d", "overlapping", x, kernel_size=3, stride=2, padding=1),
        op("max_unpool2d", "", draw(2, 4, 2, 3), switches, output_size=(7, 6)),
        op("max_unpool2d", "colliding", draw(2, 4, 4, 3), overlapping, output_size=(7, 6)),
        op(
            "max_unpool2d",
            "overwriting",
            draw(2, 4, 4, 3),
            overlapping,
            output_size=(7, 6),
            collisions="overwrite",
        ),
        op("avg_pool2d", "", x, kernel_size=(3, 2), stride=(2, 1), padding=1),
        op("avg_pool2d", "real pixels", x, kernel_size=3, padding=1, count_include_pad=False),
        op("adaptive_avg_pool2d", "", x, output_size=(3, 4)),
        op("nearest_unpool2d", "", x, scale=(3, 2)),
        op("bed_of_nails_unpool2d", "", x, scale=(3, 2)),
        op("bilinear_upsample2d", "", x, size=(11, 13)),
        op("bilinear_upsample2d", "corners", x, size=(11, 13), align_corners=True),
        op("relu", "", x),
        op("leaky_relu", "", x, negative_slope=0.2),
        op("sigmoid", "", x),
        op("linear", "", draw(5, 4), draw(3, 4), draw(3)),
        op("softmax", "", x),
        op("batch_norm2d", "training", x, draw(4), draw(4), *running),
        op("batch_norm2d", "with ReLU", x, draw(4), draw(4), *running, relu=True),
        op("batch_norm2d", "evaluation", x, draw(4), draw(4), *running, training=False),
        op("cross_entropy", "", x, labels),
        op(
            "cross_entropy",
            "weighted",
            x,
            labels,
            weight=np.array([1.0, 2.0, 0.5, 3.0]),
            ignore_index=2,
        ),
        op("mse_loss", "", draw(3, 4), draw(4, 3).T),
        op("smooth_l1_loss", "", draw(3, 4), draw(4, 3).T, beta=0.7),
        op("focal_loss", "", 2 * x, heat),
        op("focal_loss", "other powers", 2 * x, heat, alpha=1.5, beta=3.0, num_objects=5),
        op("focal_loss", "no object", 2 * x, 0.9 * heat),
        op("sigmoid_focal_loss", "", 2 * x, np.floor(heat)),
        op("sigmoid_focal_loss", "unweighted", x, np.floor(heat), alpha=None, gamma=1.5),
        op("masked_l1_loss", "", x, draw(4, 2, 7, 6).swapaxes(0, 1), heat.max(axis=1) == 1),
    ]


class _OneMask(layers.Dropout):
    """Dropout with the same mask in every forward pass, since a check compares several passes."""

    def forward(self, x):
        self.rng = np.random.default_rng(0)
        return super().forward(x)


def layer_cases():
    x = draw(2, 4, 7, 6)
    pool = layers.MaxPool2d(2)
    found = [
        ("Conv2d", layers.Conv2d(4, 3, (3, 2), stride=2, padding=1, rng=0), x),
        ("ConvTranspose2d", layers.ConvTranspose2d(4, 3, (3, 2), stride=2, padding=1, rng=0), x),
        ("MaxPool2d", layers.MaxPool2d((3, 2), stride=2, padding=1), x),
        ("MaxUnpool2d", layers.Sequential(pool, layers.MaxUnpool2d(pool)), x),
        ("AvgPool2d", layers.AvgPool2d((3, 2), stride=2, padding=1), x),
        ("AdaptiveAvgPool2d", layers.AdaptiveAvgPool2d((3, 4)), x),
        ("NearestUnpool2d", layers.NearestUnpool2d((3, 2)), x),
        ("BedOfNails2d", layers.BedOfNails2d((3, 2)), x),
        ("BilinearUpsample2d", layers.BilinearUpsample2d(scale=(3, 2)), x),
        ("ZeroPad2d", layers.ZeroPad2d((1, 2, 3, 0)), x),
        ("BatchNorm2d", layers.BatchNorm2d(4), x),
        ("BatchNormReLU2d", layers.BatchNormReLU2d(4), x),
        ("ReLU", layers.ReLU(), x),
        ("LeakyReLU", layers.LeakyReLU(0.2), x),
        ("Sigmoid", layers.Sigmoid(), x),
        ("Dropout", _OneMask(0.3), x),
        ("Linear", layers.Linear(4, 3, rng=0), draw(5, 4)),
        ("Flatten", layers.Flatten(), x),
        ("Sequential", layers.Sequential(layers.Conv2d(4, 3, 3, rng=0), layers.ReLU()), x),
    ]
    notes = {"MaxUnpool2d": "after its pool", "Dropout": "one mask"}
    single = [CheckCase(name, notes.get(name, ""), layer, (x,)) for name, layer, x in found]
    a, b, wider = draw(2, 3, 4, 5), draw(2, 3, 5, 4).swapaxes(2, 3), draw(2, 4, 4, 5)
    joined = [
        CheckCase("Add", "", layers.Add(), (a, b)),
        CheckCase("Concat", "", layers.Concat(), (a, wider)),
    ]
    return [*single, *joined]


def net_cases():
    x = draw(2, 2, 7, 6)
    segnet = nets.SegNet(2, 3, widths=(3, 4), rng=0)
    localizer = nets.Localizer(2, 3, (7, 6), widths=(3, 4), features=5, rng=0)
    grid = nets.Localizer(2, 3, grid=2, widths=(3,), features=5, class_boxes=True, rng=0)
    large = draw(2, 2, 17, 18)
    patches = nets.PatchClassifier(2, 3, 9, (3,), 3, pools=(0,), features=4, rng=0)
    small = nets.Localizer(2, 4, (10, 10), widths=(3,), features=4, padding="valid", rng=0)
    centernet = nets.CenterNet(2, 3, (3, 4), stride=2, head_width=3, rng=0)
    ways = {"stride": 1, "upsampler": "max_unpool", "skips": 1}
    finest = nets.CenterNet(2, 3, (3, 4), head_width=3, rng=0, **ways)
    found = [
        ("PatchClassifier", "", patches, draw(3, 2, 9, 9)),
        ("FullyConvolutional", "", nets.FullyConvolutional(patches), x),
        ("FullResolutionFCN", "", nets.FullResolutionFCN(2, 3, (3, 4), 3, rng=0), x),
        ("DownUpFCN", "", nets.DownUpFCN(2, 3, (3, 4), 3, skips=1, rng=0), x),
        ("SegNet", "", segnet, x),
        ("UNet", "", nets.UNet(2, 3, (3, 4), rng=0), x),
        ("SegNetBasic", "", nets.SegNetBasic(2, 3, width=3, kernel_size=3, rng=0), large),
        ("Localizer", "", localizer, x),
        ("Localizer", "grid, class boxes", grid, x),
        ("CenterNet", "", centernet, x),
        ("CenterNet", "to stride 1", finest, x),
        ("SlidingDetector", "", nets.SlidingDetector(small, 10), x),
    ]
    return [CheckCase(name, note, net, (images,)) for name, note, net, images in found]
