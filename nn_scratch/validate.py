"""Checks of the arrays of ops: their dtypes, their ranks, and whether their shapes fit each other.

A message shows the shapes that were given, the rule that they break, and what would fit. Functions
that return nothing raise ValueError for a wrong shape or value, TypeError for a wrong type.
"""

import sys

import numpy as np

from nn_scratch.backend import is_array, is_cupy, xp_of
from nn_scratch.geometry import LARGEST, conv_size, integer, pair, transpose_base, within_memory

VALUES = np.dtype(np.float32), np.dtype(np.float64)
LAYOUTS = {2: "(N, features)", 4: "(N, C, H, W)"}


# ---------------------------------------------------------------- dtypes and ranks


def check_values(optional=None, **arrays):
    """Check that arrays of values are float32 or float64, and all of the same dtype. The array
    whose name is `optional` may be None.

    Raises TypeError, which names the argument and the cure.
    """
    cupy, dtypes = sys.modules.get("cupy"), VALUES
    types = (np.ndarray, cupy.ndarray) if cupy else (np.ndarray,)
    for name, array in arrays.items():
        if array is not None or name != optional:
            if type(array) not in types or array.dtype not in dtypes:
                break
            types, dtypes = (type(array),), (array.dtype,)
    else:
        return  # the common case: arrays of one library and dtype
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
    """Check that labels or switches are an array of any integer dtype, in any byte order.

    Raises TypeError, which names the argument and the cure.
    """
    if not is_array(array) or array.dtype.kind not in "iu":
        got = array.dtype if is_array(array) else type(array).__name__
        raise TypeError(f"{name} is {got}, but must be an integer array: {name}.astype(np.int64)")
    _check_is_array(name, array)


def _check_is_array(name, array):
    """Check that a value is a plain array."""
    if not is_array(array):
        raise TypeError(
            f"{name} is a {type(array).__name__}, but must be an array: "
            f"np.asarray({name}, dtype=np.float32)"
        )
    check_plain(name, array)


def check_plain(name, array):
    """Check that a value is not a subclass of NumPy's arrays. These are refused because their
    operations differ: `*` of a matrix is a matrix product, and a masked array skips values."""
    if isinstance(array, np.ndarray) and type(array) is not np.ndarray:
        raise TypeError(
            f"{name} is a {type(array).__name__}, but must be a plain array: np.asarray({name})"
        )


def number(name, value, least, most=np.inf, *, above=False):
    """A finite number from `least` to `most`, as a Python float, which never changes the dtype of
    an array that it meets. With `above`, it must be larger than `least`.

    Raises TypeError if it is not a real number, ValueError if it is out of range.
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
    """Check the number of axes, and that no axis but the batch is empty."""
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
    """Check that `array.shape` is `expected`; `why` says why it must be."""
    if tuple(array.shape) != tuple(expected):
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}, but must be {tuple(expected)}: {why}"
        )


def check_alike(like, **arrays):
    """Check that arrays of values have one dtype, and the shape of the one whose name is `like`."""
    check_values(**arrays)
    for name, array in arrays.items():
        if name != like:
            check_shape(name, array, arrays[like].shape, f"the shape of {like}")


# ---------------------------------------------------------------- the arrays of a convolution


def check_convolution(x, w, b, groups, *, transpose=False):
    """Check that x, w and b fit a convolution, with w (C_out, C_in/groups, kh, kw), or a transpose
    convolution, with w (C_in, C_out/groups, kh, kw)."""
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
    """Check that dy has the shape of the output of conv2d."""
    check_values(dy=dy, x=x)
    expected = (x.shape[0], w.shape[0], *conv_size(x.shape[2:], windows))
    check_shape("dy", dy, expected, "the shape of the output")


def check_transpose_dy(dy, x, w, windows, groups):
    """Check that dy has a shape that the output of conv_transpose2d can have, with any
    output_padding."""
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
    """Check that x is an array of images or maps (N, C, H, W)."""
    check_values(**{name: x})
    check_rank(name, x, 4)


def scale_of(x, scale):
    """The scale by which images x are enlarged, as (sh, sw)."""
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
    """Check that switches are integers, lie in a plane of `size`, and have the batch and channels
    of the values. promised: the caller knows that they do, so that a GPU need not be asked."""
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
    # As unsigned integers, negative numbers are huge, so that one maximum checks both limits.
    order, itemsize = switches.dtype.byteorder, switches.dtype.itemsize
    unsigned = switches.view(np.dtype(f"u{itemsize}").newbyteorder(order))
    if switches.size and unsigned.max() >= pixels:
        n, c, p, q = (int(i[0]) for i in ((switches < 0) | (switches >= pixels)).nonzero())
        raise ValueError(
            f"switches[{n}, {c}, {p}, {q}] is {int(switches[n, c, p, q])}, but an image of "
            f"{tuple(size)} has the places 0 to {pixels - 1}: unpool to the size that was pooled"
        )


def check_batch_norm(x, w, **others):
    """Check that x is (N, C, H, W), and that all other arrays but dy and y are (C,)."""
    check_values("y", x=x, w=w, **others)
    check_rank("x", x, 4)
    for name, array in {"w": w, **others}.items():
        if name not in ("dy", "y"):
            check_shape(name, array, (x.shape[1],), f"one value for each channel of x {x.shape}")


def check_linear(x, w, b):
    """Check that x (N, in), w (out, in) and b (out,) fit each other."""
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


# ---------------------------------------------------------------- the arrays of losses


def check_cross_entropy(scores, labels, weight, ignore_index):
    """Check scores (N, K) or (N, K, H, W), labels (N,) or (N, H, W), and weights (K,)."""
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
    """Check that labels are in 0 … classes − 1, or equal to `ignore_index`.

    Raises ValueError for the first label that is not, with its place.
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
    """Check that prediction and target have one shape, and are not empty."""
    check_alike("prediction", prediction=prediction, target=target)
    check_not_empty("prediction", prediction)


def check_masked(prediction, target, mask):
    """Check prediction and target (N, C, H, W), and a mask (N, H, W) of bools."""
    check_alike("prediction", prediction=prediction, target=target)
    if prediction.ndim != 4:
        raise ValueError(f"prediction has shape {prediction.shape}, but must be (N, C, H, W)")
    if not is_array(mask) or mask.dtype != bool:
        found = mask.dtype if is_array(mask) else type(mask).__name__
        raise TypeError(f"mask is {found}, but must be an array of bools")
    n, _, height, width = prediction.shape
    check_shape("mask", mask, (n, height, width), "one for each place of prediction")


def check_target(scores, target, checked=False, binary=False):
    """Check that the target of heat maps has the shape of the scores, and values from 0 to 1, or,
    if it is binary, 0 or 1. checked: the caller knows the values, so that a GPU need not be
    asked."""
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
    """Check that there are values, since an empty batch has no mean."""
    if values.size == 0:
        raise ValueError(f"{name} has shape {values.shape}: an empty batch has no mean")
