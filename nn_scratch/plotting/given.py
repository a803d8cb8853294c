"""What pictures ask of what they are given: images, label maps, boxes, names, numbers.

Each function returns plain NumPy arrays (never the caller's to write into), or raises a ValueError
or TypeError that names the argument.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from nn_scratch.arguments import an_instance, as_array, filled, parts, reals, whole
from nn_scratch.backend import to_host
from nn_scratch.geometry import pair
from nn_scratch.layers import Layer
from nn_scratch.validate import check_rank, check_values

MANY = 1000  # of what is drawn one by one: cells, threads
LARGEST = 1e30  # a number in a cell: sums of products of such are finite
MOST = 1e99  # a number along an axis
INCHES = 50.0  # a side of an image, and more than any page


def image(name, value):
    """One image (1 or 3, H, W) as floats from 0 to 1."""
    return _shades(name, value, 3, "(1 or 3, H, W)")


def grey_image(name, value):
    """One grey image (1, H, W) as floats from 0 to 1."""
    found = image(name, value)
    if len(found) != 1:
        raise ValueError(f"{name} has shape {found.shape}, but must be grey: (1, H, W)")
    return found


def images(name, values):
    """At least one image of one size, (N, 1 or 3, H, W), as floats from 0 to 1."""
    return _shades(name, values, 4, "(N, 1 or 3, H, W)")


def label_map(name, value, shape):
    """Integers (or bools) of the shape of the pixels that they belong to."""
    found = array(name, value, "iub")
    if found.shape != tuple(shape):
        raise ValueError(
            f"{name} has shape {found.shape}, but must be {tuple(shape)}: a label for each pixel"
        )
    return found


def boxes(name, values, shape):
    """Boxes (x, y, w, h) of this shape, in finite numbers."""
    found = array(name, values)
    if found.shape != tuple(shape):
        raise ValueError(
            f"{name} has shape {found.shape}, but must be {tuple(shape)}: (x, y, w, h) in pixels"
        )
    return _finite(name, found)


def names(name, values, least=0, optional=False):
    """At least `least` names, in a list or the like; one text is not several names. optional: None
    for no names."""
    if values is None and optional:
        return
    several = isinstance(values, (Sequence, np.ndarray)) and getattr(values, "ndim", 1)
    if not several or isinstance(values, (str, bytes)):
        raise TypeError(f"{name} is {values!r:.60}, but must be a list of names")
    if len(values) < least:
        raise ValueError(f"{name} has {len(values)} names, but must have at least {least}")


def titled(name, values, least=1):
    """A dict from title to what is drawn under it, with at least `least` entries."""
    if not isinstance(values, Mapping):
        raise TypeError(
            f"{name} is a {type(values).__name__}, but must be a dict, with titles for keys"
        )
    if len(values) < least:
        raise ValueError(f"{name} is empty, but needs at least one entry")
    return values


def batch_for(net, x):
    """A net, and at least one image (N, C, H, W) for it, in finite numbers of its dtype."""
    an_instance("net", net, Layer)
    check_values(x=x)
    check_rank("x", x, 4)
    if not len(x):
        raise ValueError(f"x has shape {x.shape}, but must hold at least one image")
    _finite("x", to_host(x))


def image_for(net, value):
    """An image (1 or 3, H, W) as it is, in the dtype of a net's parameters."""
    an_instance("net", net, Layer)
    dtypes = {parameter.dtype for parameter in net.params.values()}
    image("image", value)
    return array("image", value).astype(dtypes.pop() if len(dtypes) == 1 else np.float32)


def size(name, value, most=MANY):
    """One whole number, or (height, width)."""
    return tuple(whole(name, side, 1, most) for side in pair(name, value, least=1))


def pixel(name, value, shape):
    """(row, column) of a pixel of an image of this height and width."""
    sides = zip(parts(name, value, 2), shape, strict=True)
    return tuple(whole(name, at, 0, side - 1) for at, side in sides)


def row(name, value, length="n", least=-MOST, most=MOST, gaps=False):
    """Numbers in a row, as float64, at least one, between two bounds; NaN where gaps may be."""
    found = filled(name, reals(name, value, length))
    some = found[~np.isnan(found)] if gaps else found
    if not ((some >= least) & (some <= most)).all():
        raise ValueError(
            f"{name} holds {some.tolist()!s:.60}, but only {least:g} to {most:g} may be"
        )
    return found


def plane(name, value):
    """One map (H, W) of finite numbers, not empty, in float64."""
    found = _finite(name, filled(name, reals(name, value, "H", "W")))
    if np.abs(found).max() > LARGEST:
        raise ValueError(f"{name} holds {np.abs(found).max():g}, but may hold up to {LARGEST:g}")
    return found


def planes(name, values):
    """A dict from title to maps (H, W)."""
    return {what: plane(name, value) for what, value in titled(name, values).items()}


def array(name, value, kinds="fiub"):
    """An array of real numbers, or of the kinds named by NumPy's letters."""
    found = as_array(name, value)
    if found.dtype.kind not in kinds:
        wanted = "real numbers" if "f" in kinds else "integers"
        got = found.dtype if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"{name} is {got}, but must be an array of {wanted}")
    return found


def _shades(name, value, rank, layout):
    found = array(name, value)
    if found.ndim != rank or found.shape[-3] not in (1, 3) or 0 in found.shape:
        raise ValueError(f"{name} has shape {found.shape}, but must be {layout}, and not empty")
    return np.clip(_finite(name, found), 0, 1)


def _finite(name, found):
    """Numbers as float32 or float64, of which matplotlib can draw each."""
    if found.dtype not in (np.float32, np.float64):
        found = found.astype(np.float64)
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds NaN or infinity, but must be finite")
    return found
