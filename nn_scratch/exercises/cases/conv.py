"""Cases of convolutions."""

from functools import partial

from nn_scratch import naive
from nn_scratch.exercises.cases.case import Case, generator, integers, tenths


def _convolving(op, name, adds, n, c, f, size, kernel, stride=1, padding=0, draw=None, **more):
    """A case of conv2d or conv_transpose2d, from c to f channels."""
    options = {"stride": stride, "padding": padding, **more}
    groups = more.get("groups", 1)
    channels = (f, c // groups) if op is naive.conv2d else (c, f // groups)
    rng, draw = generator(op.__name__, name), draw or integers
    x, w = draw(rng, n, c, *size), draw(rng, *channels, *kernel)
    dy = draw(rng, *op(x, w, **options).shape)
    values = {"x": x, "w": w, "b": draw(rng, f), "dy": dy}
    return Case(name, adds, values, options, next(iter(more), None))


def convolution():
    """For conv2d: x, w, b, dy; options stride and padding."""
    case = partial(_convolving, naive.conv2d)
    return [
        case("one pixel", "y = w·x + b", 1, 1, 1, (1, 1), (1, 1)),
        case("one window", "one output sums over a window", 1, 1, 1, (2, 2), (2, 2)),
        case("overlap", "neighbouring windows share pixels", 1, 1, 1, (3, 3), (2, 2)),
        case("stride", "windows two pixels apart, which still overlap", 1, 1, 1, (5, 5), (3, 3), 2),
        case("padding", "a ring of zeros around x", 1, 1, 1, (3, 3), (3, 3), 1, 1),
        case("wide padding", "two rings", 1, 1, 1, (3, 3), (3, 3), 1, 2),
        case("channels", "two channels in, two out", 1, 2, 2, (3, 3), (2, 2)),
        case("more channels", "two in, three out", 1, 2, 3, (3, 3), (2, 2)),
        case("batch", "two images", 2, 1, 2, (3, 3), (2, 2)),
        case("tenths", "numbers that are not whole, and zeros", 1, 2, 2, (3, 3), (2, 2), 1, 1,
             draw=tenths),
        case("oblong", "height and width differ, and so do the kernel's", 1, 1, 1, (4, 3), (3, 2)),
        case("leftover rows", "no window reaches the last row", 1, 1, 1, (4, 6), (3, 2), 2),
        case("unequal pairs", "(vertical, horizontal)", 1, 1, 2, (5, 6), (3, 2), (2, 1), (1, 0)),
        case("all together", "everything at once", 2, 2, 3, (7, 6), (3, 2), (2, 3), (1, 2)),
        case("dilation", "holes in the kernel", 1, 2, 2, (6, 6), (2, 2), 1, 0, dilation=2),
        case("groups", "two groups of channels", 2, 4, 4, (3, 3), (2, 2), 1, 0, groups=2),
    ]  # fmt: skip


def transpose_convolution():
    """For conv_transpose2d: x, w, b, dy; options stride and padding."""
    case = partial(_convolving, naive.conv_transpose2d)
    return [
        case("one pixel", "y = w·x + b", 1, 1, 1, (1, 1), (1, 1)),
        case("one painting", "one pixel paints the whole kernel", 1, 1, 1, (1, 1), (2, 2)),
        case("overlap", "neighbouring paintings overlap, and add", 1, 1, 1, (2, 2), (2, 2)),
        case("stride", "paintings two pixels apart, which overlap", 1, 1, 1, (2, 2), (3, 3), 2),
        case("padding", "a ring is cut off the painting", 1, 1, 1, (3, 3), (3, 3), 1, 1),
        case("wide padding", "two rings are cut off", 1, 1, 1, (4, 4), (3, 3), 1, 2),
        case("channels", "two channels in, two out", 1, 2, 2, (2, 2), (2, 2)),
        case("more channels", "two in, three out", 1, 2, 3, (2, 2), (2, 2)),
        case("batch", "two images", 2, 1, 2, (2, 2), (2, 2)),
        case("tenths", "numbers that are not whole, and zeros", 1, 2, 2, (2, 2), (2, 2), 2, 0,
             draw=tenths),
        case("oblong", "height and width differ, and so do the kernel's", 1, 1, 1, (3, 2), (3, 2)),
        case("gaps", "the stride is larger than the kernel", 1, 1, 1, (2, 3), (2, 2), 3),
        case("unequal pairs", "(vertical, horizontal)", 1, 1, 2, (4, 3), (3, 2), (2, 1), (1, 0)),
        case("all together", "everything at once", 2, 2, 3, (4, 3), (3, 4), (2, 3), (1, 2)),
        case("output_padding", "a row and a column more", *(1, 1, 1, (2, 2), (3, 3), 2, 1),
             output_padding=1),
        case("dilation", "holes in the kernel", 1, 2, 2, (3, 3), (2, 2), 1, 0, dilation=2),
        case("groups", "two groups of channels", 2, 4, 4, (2, 2), (2, 2), 1, 0, groups=2),
    ]  # fmt: skip
