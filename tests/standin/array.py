"""The stand-in's array: a NumPy array inside, with CuPy's manners."""

import operator
from types import SimpleNamespace

import numpy as np

waits = [0]  # how often the host waited for the device
# What gives arrays of a size that the host must know, or looks at values to complain about them.
WAITING = {"nonzero", "flatnonzero", "argwhere", "unique", "bincount"}


class ndarray:
    """Holds a NumPy array, `inside`. What is done with it gives an ndarray again."""

    __module__ = "cupy"  # by which nn_scratch knows a device array
    __hash__ = None
    __array_priority__ = 100

    def __init__(self, inside):
        self.inside = inside

    def __array__(self, *arguments, **options):
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct "
            "a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__":
            raise TypeError(f"CuPy's ufuncs have no {method} that NumPy could call")
        return apply(ufunc, inputs, options)

    def __array_function__(self, function, types, arguments, options):
        raise TypeError(
            f"numpy.{function.__name__} on a device array: use cupy.{function.__name__}"
        )

    shape = property(lambda self: self.inside.shape)
    dtype = property(lambda self: self.inside.dtype)
    ndim = property(lambda self: self.inside.ndim)
    size = property(lambda self: self.inside.size)
    nbytes = property(lambda self: self.inside.nbytes)
    itemsize = property(lambda self: self.inside.itemsize)
    flags = property(lambda self: self.inside.flags)
    strides = property(lambda self: self.inside.strides)
    base = property(lambda self: None if self.inside.base is None else ndarray(self.inside.base))
    data = property(lambda self: SimpleNamespace(ptr=self.inside.ctypes.data))
    T = property(lambda self: ndarray(self.inside.T))

    def __len__(self):
        return len(self.inside)

    def __getitem__(self, index):
        if any(isinstance(part, ndarray) and part.dtype.kind == "b" for part in _parts(index)):
            waits[0] += 1  # for how many there are
        return wrapped(self.inside[unwrapped(index)])

    def __setitem__(self, index, value):
        self.inside[unwrapped(index)] = unwrapped(value)

    def __repr__(self):
        return f"standin.{self.inside!r}"

    # ---- to the host, for which the device has to finish

    def get(self):
        waits[0] += 1
        return self.inside.copy()

    def item(self, *index):
        waits[0] += 1
        return self.inside.item(*index)

    def tolist(self):
        waits[0] += 1
        return self.inside.tolist()

    def __bool__(self):
        waits[0] += 1
        return bool(self.inside)

    def __int__(self):
        waits[0] += 1
        return int(self.inside)

    def __float__(self):
        waits[0] += 1
        return float(self.inside)

    __index__ = __int__


METHODS = (
    "all any argmax argmin astype clip copy cumsum dot fill flatten max mean min nonzero prod "
    "ravel repeat reshape round sort squeeze std sum swapaxes take transpose var view"
)
UNARY = "neg pos abs invert"
BINARY = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift"
COMPARISONS = "lt le gt ge eq ne"


def _parts(index):
    return index if isinstance(index, tuple) else (index,)


def _method(name):
    def method(self, *arguments, **options):
        waits[0] += name in WAITING
        return wrapped(getattr(self.inside, name)(*unwrapped(arguments), **unwrapped(options)))

    return method


def _operator(name):
    function = getattr(operator, f"__{name}__")

    def forward(self, other):
        return wrapped(function(self.inside, unwrapped(other)))

    def backward(self, other):
        return wrapped(function(unwrapped(other), self.inside))

    def in_place(self, other):
        self.inside = getattr(operator, f"__i{name}__")(self.inside, unwrapped(other))
        return self

    return forward, backward, in_place


for _name in METHODS.split():
    setattr(ndarray, _name, _method(_name))
for _name in UNARY.split():
    setattr(ndarray, f"__{_name}__", _method(f"__{_name}__"))
for _name in COMPARISONS.split():
    setattr(ndarray, f"__{_name}__", _operator(_name)[0])
for _name in BINARY.split():
    for _prefix, _function in zip(("", "r", "i"), _operator(_name), strict=True):
        setattr(ndarray, f"__{_prefix}{_name}__", _function)


def wrapped(value):
    """NumPy arrays and scalars, also within tuples and lists, as arrays of the stand-in."""
    if isinstance(value, np.ndarray | np.generic):
        return ndarray(np.asarray(value))
    if type(value) in (tuple, list):
        return type(value)(map(wrapped, value))
    return value


def unwrapped(value):
    """The other way. A NumPy array among them is what CuPy refuses."""
    if isinstance(value, ndarray):
        return value.inside
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}: a NumPy array among device arrays")
    if type(value) in (tuple, list):
        return type(value)(map(unwrapped, value))
    if type(value) is dict:
        return {name: unwrapped(part) for name, part in value.items()}
    return value


def apply(ufunc, inputs, options):
    """A ufunc as CuPy's: with out=, without where=."""
    if options.get("where", True) is not True:
        raise TypeError(f"CuPy's {ufunc.__name__} takes no `where`")
    out = options.pop("out", None)
    if isinstance(out, tuple):
        (out,) = out
    result = ufunc(*unwrapped(inputs), **unwrapped(options))
    if out is None:
        return wrapped(result)
    out.inside[...] = result
    return out
