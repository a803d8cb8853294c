"""What every op asks of its arrays: dtypes, ranks, shapes that fit each other.

A message prints the shapes it got, the rule that they break, and what would fit.
"""

import numpy as np

from nn_scratch.backend import is_array, is_cupy, xp_of
from nn_scratch.geometry import LARGEST, conv_size, integer, pair, transpose_base, within_memory

VALUES = np.dtype(np.float32), np.dtype(np.float64)
LAYOUTS = {2: "(N, features)", 4: "(N, C, H, W)"}


# ---------------------------------------------------------------- dtypes and ranks


def check_values(optional=None, **arrays):
    """Arrays of values must be float32 or float64, all the same; that of the name `optional` may be
    None, which stands for 'not given'.

    Raises TypeError, which names the argument and the cure.
    """
    wanted = None
    for name, array in arrays.items():
        if array is not None or name != optional:
            if type(array) is not np.ndarray or array.dtype not in (wanted or VALUES):
                break
            wanted = (array.dtype,)
    else:
        return  # the common case: NumPy arrays of one dtype
    arrays = {n: array for n, array in arrays.items() if array is not None or n != optional}
    for name, array in arrays.items():
        _check_is_array(name, array)
        if array.dtype not in VALUES:
            raise TypeError(
                f"{name} has dtype {array.dtype}, but values must be float32 or float64: "
                f"convert with {name}.astype(np.float32)"
            )
    dtypes = {name: str(array.dtype) for name, array in arrays.items()}
    if len(set(dtypes.values())) > 1:
        got = ", ".join(f"{name} {dtype}" for name, dtype in dtypes.items())
        raise TypeError(f"dtypes are mixed ({got}): convert all to one of them with .astype(...)")
    xp_of(*arrays.values())


def check_integers(name, array):
    """Labels and switches must be arrays of any integer type, in any byte order.

    Raises TypeError, which names the argument and the cure.
    """
    if not is_array(array) or array.dtype.kind not in "iu":
        got = array.dtype if is_array(array) else type(array).__name__
        raise TypeError(f"{name} is {got}, but must be an integer array: {name}.astype(np.int64)")
    _check_is_array(name, array)


def _check_is_array(name, array):
    """Subclasses of NumPy's arrays have operations of their own: masks, matrix products."""
    if not is_array(array):
        raise TypeError(
            f"{name} is a {type(array).__name__}, but must be an array: "
            f"np.asarray({name}, dtype=np.float32)"
        )
    if isinstance(array, np.ndarray) and type(array) is not np.ndarray:
        raise TypeError(
            f"{name} is a {type(array).__name__}, but must be a plain array: np.asarray({name})"
        )


def number(name, value, least, most=np.inf, *, above=False):
    """A number as a Python float, which changes no array's dtype: finite, from `least` (or, with
    `above`, beyond it) to `most`.

    Raises TypeError if it is no real number, ValueError if it is out of range.
    """
    real = isinstance(value, (int, float, np.integer, np.floating))
    if not real or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}, but must be a number")
    found = float(value)
    if not (least <= found <= most and np.isfinite(found)) or (above and found == least):
        lower = "greater than" if above else "at least"
        upper = "" if most == np.inf else f" and at most {most:g}"
        raise ValueError(f"{name} is {value}, but must be finite, {lower} {least:g}{upper}")
    return found


def check_rank(name, array, rank):
    """The number of axes, and no empty axis but the batch."""
    if array.ndim != rank:
        hint = f" (a single image needs a batch axis: {name}[None])" if array.ndim == 3 else ""
        raise ValueError(
            f"{name} has shape {array.shape}, but needs {rank} axes {LAYOUTS[rank]}{hint}"
        )
    if 0 in array.shape[1:]:
        raise ValueError(
            f"{name} has shape {array.shape}: every axis but the batch must be at least 1"
        )


def check_shape(name, array, expected, why):
    """`array.shape` must be `expected`; `why` says where that comes from."""
    if tuple(array.shape) != tuple(expected):
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}, but must be {tuple(expected)}: {why}"
        )


def check_alike(like, **arrays):
    """Arrays of values, all of one dtype and of the shape that the one named `like` has."""
    check_values(**arrays)
    for name, array in arrays.items():
        if name != like:
            check_shape(name, array, arrays[like].shape, f"the shape of {like}")


# ---------------------------------------------------------------- the arrays of a convolution


def check_convolution(x, w, b, groups, *, transpose=False):
    """x, w and b must fit a convolution, w (C_out, C_in/groups, kh, kw), or a transpose
    convolution, w (C_in, C_out/groups, kh, kw)."""
    check_values("b", x=x, w=w, b=b)
    check_rank("x", x, 4)
    check_rank("w", w, 4)
    if not len(w):
        raise ValueError(f"w has shape {w.shape}: every axis must be at least 1")
    integer("groups", groups, least=1)
    if w.shape[0] % groups:
        raise ValueError(
            f"groups={groups} does not divide the first axis of w {w.shape}, {w.shape[0]}"
        )
    first, second = w.shape[0], w.shape[1] * groups
    c_in, c_out = (first, second) if transpose else (second, first)
    if x.shape[1] != c_in:
        layout = "(C_in, C_out/groups, kh, kw)" if transpose else "(C_out, C_in/groups, kh, kw)"
        raise ValueError(
            f"x {x.shape} has {x.shape[1]} channels, but w {w.shape} with groups={groups} expects "
            f"{c_in}: w is {layout}"
        )
    if b is not None:
        check_shape("b", b, (c_out,), "one bias for each output channel")


def check_conv_dy(dy, x, w, windows):
    """dy must have the shape of conv2d's output."""
    check_values(dy=dy, x=x)
    expected = (x.shape[0], w.shape[0], *conv_size(x.shape[2:], windows))
    check_shape("dy", dy, expected, "the shape of the output")


def check_transpose_dy(dy, x, w, windows, groups):
    """dy must have a shape that conv_transpose2d can give, output_padding included."""
    check_values(dy=dy, x=x)
    check_rank("dy", dy, 4)
    least = transpose_base(x.shape[2:], windows)
    most = tuple(
        b + max(s, d) - 1 for b, s, d in zip(least, windows.stride, windows.dilation, strict=True)
    )
    fits = all(b <= n <= m for b, n, m in zip(least, dy.shape[2:], most, strict=True))
    if dy.shape[:2] != (x.shape[0], w.shape[1] * groups) or not fits:
        raise ValueError(
            f"dy has shape {dy.shape}, but the output for x {x.shape} and w {w.shape} has batch "
            f"{x.shape[0]}, {w.shape[1] * groups} channels and a size from {least} to {most}"
        )


# ---------------------------------------------------------------- maps, switches, channels


def check_images(name, x):
    """Images, or maps, (N, C, H, W)."""
    check_values(**{name: x})
    check_rank(name, x, 4)


def scale_of(x, scale):
    """The scale as (sh, sw), by which images x become larger."""
    sh, sw = pair("scale", scale)
    within_memory(f"scale {(sh, sw)}", (x.shape[2] * sh, x.shape[3] * sw))
    return sh, sw


def dividing_scale(scale, dy):
    """The scale as (sh, sw), which must divide the height and width of dy."""
    check_images("dy", dy)
    sh, sw = pair("scale", scale)
    if dy.shape[2] % sh or dy.shape[3] % sw:
        raise ValueError(f"dy {dy.shape}: scale {(sh, sw)} does not divide its height and width")
    return sh, sw


def check_switches(switches, values, size, promised=False):
    """Switches must be integers inside a plane of `size`, with the values' batch and channels."""
    check_integers("switches", switches)
    xp_of(values, switches)
    check_rank("switches", switches, 4)
    if switches.shape[:2] != values.shape[:2]:
        raise ValueError(
            f"switches {switches.shape} and values {values.shape} differ in batch or channels"
        )
    if promised and is_cupy(switches):
        return
    pixels = size[0] * size[1]
    # Seen without a sign, what is negative is huge: one maximum asks for both ends.
    order, itemsize = switches.dtype.byteorder, switches.dtype.itemsize
    unsigned = switches.view(np.dtype(f"u{itemsize}").newbyteorder(order))
    if switches.size and unsigned.max() >= pixels:
        n, c, p, q = (int(i[0]) for i in ((switches < 0) | (switches >= pixels)).nonzero())
        raise ValueError(
            f"switches[{n}, {c}, {p}, {q}] is {int(switches[n, c, p, q])}, but an image of "
            f"{tuple(size)} has the places 0 to {pixels - 1}: unpool to the size that was pooled"
        )


def check_batch_norm(x, w, **others):
    """x (N, C, H, W), and for each channel of it a number in all others but dy and y."""
    check_values("y", x=x, w=w, **others)
    check_rank("x", x, 4)
    for name, array in {"w": w, **others}.items():
        if name not in ("dy", "y"):
            check_shape(name, array, (x.shape[1],), f"one value for each channel of x {x.shape}")


def check_linear(x, w, b):
    """x (N, in), w (out, in) and b (out,) must fit each other."""
    check_values("b", x=x, w=w, b=b)
    check_rank("x", x, 2)
    check_rank("w", w, 2)
    if x.shape[1] != w.shape[1]:
        raise ValueError(
            f"x {x.shape} has {x.shape[1]} features, but w {w.shape} expects {w.shape[1]}: "
            "w is (out, in)"
        )
    if b is not None:
        check_shape("b", b, (w.shape[0],), "one bias for each output feature")


# ---------------------------------------------------------------- what losses compare


def check_cross_entropy(scores, labels, weight, ignore_index):
    """Scores (N, K) or (N, K, H, W), a label for each K of them, a weight for each class."""
    if ignore_index is not None:
        integer("ignore_index", ignore_index, least=-LARGEST)
    check_values("weight", scores=scores, weight=weight)
    check_integers("labels", labels)
    xp_of(scores, labels)  # of one library
    if scores.ndim not in (2, 4):
        raise ValueError(f"scores {scores.shape} must be (N, K) or (N, K, H, W)")
    check_not_empty("scores", scores)
    expected = (scores.shape[0], *scores.shape[2:])
    check_shape("labels", labels, expected, f"one label for each K scores of {scores.shape}")
    if weight is not None:
        check_shape("weight", weight, scores.shape[1:2], "one weight for each class")


def check_labels(labels, classes, ignore_index=None):
    """Labels must lie in 0 … classes − 1, or be `ignore_index`.

    Raises: ValueError for the first that does not, with its place.
    """
    outside = (labels < 0) | (labels >= classes)
    if ignore_index is not None:
        outside &= labels != ignore_index
    if outside.any():
        place = tuple(int(i[0]) for i in outside.nonzero())
        raise ValueError(
            f"labels[{', '.join(map(str, place))}] is {int(labels[place])}, but {classes} classes "
            f"have the labels 0 to {classes - 1}; a label that should not count is named by "
            "ignore_index"
        )


def check_regression(prediction, target):
    """Of one shape, and not empty: their difference has a mean."""
    check_alike("prediction", prediction=prediction, target=target)
    check_not_empty("prediction", prediction)


def check_masked(prediction, target, mask):
    """prediction and target (N, C, H, W), and mask (N, H, W) of bools."""
    check_alike("prediction", prediction=prediction, target=target)
    if prediction.ndim != 4:
        raise ValueError(f"prediction has shape {prediction.shape}, but must be (N, C, H, W)")
    if not is_array(mask) or mask.dtype != bool:
        found = mask.dtype if is_array(mask) else type(mask).__name__
        raise TypeError(f"mask is {found}, but must be an array of bools")
    n, _, height, width = prediction.shape
    check_shape("mask", mask, (n, height, width), "one for each place of prediction")


def check_target(scores, target, checked=False, binary=False):
    """What heat maps should say: from 0 to 1, or one of both, in the shape of the scores."""
    check_alike("scores", scores=scores, target=target)
    if checked and is_cupy(target):
        return
    wrong = (target != 0) & (target != 1) if binary else ~((target >= 0) & (target <= 1))
    if wrong.any():
        place = tuple(int(i[0]) for i in wrong.nonzero())
        rule = "0 or 1" if binary else "from 0 to 1"
        raise ValueError(
            f"target[{', '.join(map(str, place))}] is {float(target[place]):g}, but must be {rule}"
        )


def check_not_empty(name, values):
    """Values of which there is a mean."""
    if values.size == 0:
        raise ValueError(f"{name} has shape {values.shape}: an empty batch has no mean")
