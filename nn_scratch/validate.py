"""What every op asks of its arrays: dtypes, ranks, shapes that fit each other.

A message prints the shapes it got, the rule that they break, and what would fit.
"""

import numpy as np

from nn_scratch.backend import is_array, xp_of
from nn_scratch.geometry import conv_size, integer, transpose_base

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
