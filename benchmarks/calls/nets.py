"""Every net: it is made, and gives what its docstring says for an image of some size."""

import numpy as np

from calls.frame import Call, difference, pick, sizes, values
from nn_scratch import nets
from nn_scratch.layers import Layer, MaxPool2d
from nn_scratch.nets.zoo import DETECTORS, LOCALIZERS, SEGMENTERS

KINDS = "nearest", "bed_of_nails", "bilinear", "max_unpool", "transpose_conv"
SHARED = {"rng": 0, "dtype": np.float64}
LARGEST = 10**6  # parameters of a net that is tried
SIZE = 20, 24


def few(net):
    """Whether a net is small enough to be run here."""
    return sum(a.size for a in net.params.values()) < LARGEST


def scores(net, in_channels, num_classes, *more, **options):
    """What is wrong with the scores of a segmenter: their shape, or that the batch matters."""
    if not few(net) or in_channels > 100:
        return None
    x = np.random.default_rng(0).random((2, in_channels, *SIZE))
    net.eval().to(np.float64)
    found = net(x)
    if found.shape != (2, num_classes, *SIZE):
        return f"scores {found.shape}"
    return difference(net(x[1:]), found[1:], 1e-9)


def widths(rng):
    return tuple(sizes(rng, 2, 2, 4))


def segmenter(name, **options):
    def make(rng):
        given = [pick(rng, 1, 3), int(rng.integers(2, 5))]
        own = {key: value(rng) for key, value in options.items()}
        return Call(getattr(nets, name), given, {**own, **SHARED}, scores)

    return make


def kernel(rng):
    return pick(rng, 3, (3, 5))


def ways(rng):
    return {"upsampler": pick(rng, *KINDS), "skips": int(rng.integers(3))}


def down_up_fcn(rng):
    given = [1, 3, widths(rng), 3]
    return Call(nets.DownUpFCN, given, {**ways(rng), "init": "he", **SHARED}, scores)


def down_up(rng):
    def fault(net, in_channels, widths, kernel_size, **options):
        if not few(net):
            return None
        ups = len(widths) if options["ups"] is None else options["ups"]
        stride = 2 ** (len(widths) - ups)
        found = net.to(np.float64)(np.ones((1, in_channels, *SIZE)))
        wanted = 1, net.width, *(-(-n // stride) for n in SIZE)
        return None if found.shape == wanted else f"features {found.shape}"

    options = {"upsampler": pick(rng, *KINDS), "middle": 1, "ups": pick(rng, None, 1, 2)}
    return Call(nets.DownUp, [2, widths(rng), 3], {**options, **SHARED}, fault)


def centernet(rng):
    def fault(net, in_channels, num_classes, *more, **options):
        if not few(net):
            return None
        maps = net.to(np.float64)(np.ones((1, in_channels, *SIZE)))
        size = tuple(-(-n // options["stride"]) for n in SIZE)
        wanted = [(1, channels, *size) for channels in (num_classes, 2, 2)]
        return None if [part.shape for part in maps] == wanted else "other maps"

    options = {"stride": pick(rng, 1, 2, 4), "skips": pick(rng, None, 0), "head_width": 4}
    options |= {"middle": 1, "prior": 0.2, "upsampler": pick(rng, *KINDS)}
    return Call(nets.CenterNet, [1, 3, widths(rng), 3], {**options, **SHARED}, fault)


def localized(rng):
    def fault(net, in_channels, num_classes, image_size=None, *more, **options):
        if not few(net):
            return None
        size = SIZE if image_size is None else image_size
        size = (size,) * 2 if isinstance(size, int) else tuple(size)
        if max(size) > 100:
            return None
        found, boxes = net.to(np.float64)(np.ones((2, in_channels, *size)))
        wanted = (2, num_classes, 4) if options["class_boxes"] else (2, 4)
        right = found.shape == (2, num_classes) and boxes.shape == wanted
        return None if right else f"scores {found.shape}, boxes {boxes.shape}"

    place = pick(rng, {"image_size": SIZE}, {"grid": 2}, {"grid": (1, 2)})
    options = {**place, "widths": widths(rng), "features": 5, "class_boxes": bool(rng.integers(2))}
    return Call(nets.Localizer, [1, 3], {**options, **SHARED}, fault)


def window_localizer(rng):
    return nets.Localizer(1, 3, (14, 14), (2, 3), 5, padding="valid", **SHARED).eval()


def detector(rng):
    def fault(net, localizer, window):
        found, _ = net.eval()(np.ones((1, 1, 16, 20)))
        return difference(found, net.sliding_window(np.ones((1, 1, 16, 20)))[0], 1e-9)

    return Call(nets.SlidingDetector, [window_localizer(rng), 14], {}, fault)


def sliding_localizer(rng):
    def fault(made, localizer, window, stride):
        wanted = -(-16 // stride) * -(-20 // stride)
        return None if made.count((16, 20)) == wanted else "other windows"

    return Call(nets.SlidingLocalizer, [window_localizer(rng), 14, 4], {}, fault)


def classifier(rng):
    return nets.PatchClassifier(1, 3, 9, (2, 3), 3, (0,), 5, **SHARED)


def patches(rng):
    def fault(net, in_channels, num_classes, patch, *more, **options):
        if not few(net):
            return None
        found = net.to(np.float64)(np.ones((2, in_channels, patch, patch)))
        return None if found.shape == (2, num_classes) else f"scores {found.shape}"

    options = {"pools": pick(rng, (), (0,), (0, 1)), "features": 5, **SHARED}
    return Call(nets.PatchClassifier, [1, 3, 17, widths(rng), 3], options, fault)


def whole(rng):
    def fault(net, classifier):
        x = np.random.default_rng(0).random((1, 1, 7, 8))
        return difference(net(x), net.sliding_window(x), 1e-9)

    return Call(nets.FullyConvolutional, [classifier(rng)], {}, fault)


def window(rng):
    def fault(made, classifier):
        return None if made(np.ones((1, 1, 4, 5))).shape == (1, 3, 4, 5) else "other scores"

    return Call(nets.SlidingWindow, [classifier(rng)], {}, fault)


def upsampler(rng):
    pool = MaxPool2d(2, ceil_mode=True)

    def fault(layer, kind, channels, pool, **options):
        if channels > 100:
            return None
        y = pool(np.random.default_rng(0).random((1, channels, 5, 7)))
        found = layer.to(np.float64)(y).shape
        return None if found == (1, channels, 5, 7) else f"y {found}"

    options = {"kernel_size": pick(rng, 2, 4), "init": pick(rng, "he", "bilinear"), **SHARED}
    return Call(nets.Upsampler, [pick(rng, *KINDS), 2, pool], options, fault)


def forward(rng):
    """A net is given an image."""
    made = pick(
        rng,
        nets.SegNet(1, 3, (2, 3), **SHARED),
        nets.UNet(1, 3, (2, 3), **SHARED),
        nets.FullResolutionFCN(1, 3, (2, 3), 3, **SHARED),
        nets.FullyConvolutional(classifier(rng)),
        nets.SlidingWindow(classifier(rng)),
        nets.SlidingDetector(window_localizer(rng), 14),
        window_localizer(rng),
    )
    size = (14, 14) if isinstance(made, nets.Localizer) else (8, 12)
    called = made.forward if isinstance(made, Layer) else made.__call__
    return Call(called, [values(rng, 1, 1, *size)], {})


def zoo(rng):
    builders = {**SEGMENTERS, **DETECTORS, **LOCALIZERS}
    name = pick(rng, *builders)
    options = {"image_size": (40, 40)} if name in LOCALIZERS else {}

    def build(in_channels: int, num_classes: int, width: int, rng: object) -> Layer:
        return builders[name](in_channels, num_classes, width=width, rng=rng, **options)

    return Call(build, [1, 3], {"width": 2, "rng": 0})


def trained(name, kind):
    def make(rng):
        def fault(found, name):
            return None if isinstance(found, kind) else f"a {type(found).__name__}"

        return Call(getattr(nets, name), [pick(rng, *nets.pretrained_names())], {}, fault)

    return make


def names(rng):
    return Call(nets.pretrained_names, [], {}, lambda found: None if found == sorted(found) else "")


TABLE = {
    "nets.CenterNet": centernet,
    "nets.DownUp": down_up,
    "nets.DownUpFCN": down_up_fcn,
    "nets.FullResolutionFCN": segmenter("FullResolutionFCN", widths=widths, kernel_size=kernel),
    "nets.FullyConvolutional": whole,
    "nets.Localizer": localized,
    "nets.PatchClassifier": patches,
    "nets.SegNet": segmenter("SegNet", widths=widths, kernel_size=kernel),
    "nets.SegNetBasic": segmenter("SegNetBasic", width=lambda rng: 2, kernel_size=kernel),
    "nets.SlidingDetector": detector,
    "nets.SlidingLocalizer": sliding_localizer,
    "nets.SlidingWindow": window,
    "nets.UNet": segmenter("UNet", widths=widths, kernel_size=kernel),
    "nets.Upsampler": upsampler,
    "nets.about_pretrained": trained("about_pretrained", dict),
    "nets.forward": forward,
    "nets.pretrained": trained("pretrained", Layer),
    "nets.pretrained_file": trained("pretrained_file", object),
    "nets.pretrained_names": names,
    "nets.zoo": zoo,
}
