"""The contract that every layer keeps."""

import numpy as np

from nn_scratch.backend import DEVICES, is_cupy, to_device, to_host, xp_of


class Layer:
    """One step of a network, forward and backward.

    A subclass calls `super().__init__()`, adds its parameters, and writes two methods:

        forward(x)     computes y and keeps in `self.saved` what backward needs
        backward(dy)   returns dx, in the shape of x, and *adds* to `self.grads`

    `params`, `grads` (same keys) and `buffers` (what is remembered but not trained) are dicts of
    arrays; whoever trains updates the arrays in place. `training` says which mode is on. A layer
    remembers its last input only, so it can stand at one place of a net.

    `need_dx` is False while nobody needs dx, as in training for a net's first layer: backward may
    then return None. `keep` is False while no backward pass will follow: `saved` stays empty.
    """

    need_dx = True
    keep = True

    def __init__(self):
        self.training = True
        self.params = {}
        self.grads = {}
        self.buffers = {}
        self.saved = None

    def __call__(self, *inputs, **options):
        y = self.forward(*inputs, **options)
        if not self.keep:
            self.saved = None
        return y

    def forward(self, x):
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x) yet")

    def backward(self, dy):
        raise NotImplementedError(f"{type(self).__name__} has no backward(self, dy) yet")

    def add_parameter(self, name, value):
        """A new parameter, and a gradient of zeros for it."""
        self.params[name] = value
        self.grads[name] = xp_of(value).zeros_like(value)

    def add_grads(self, **gradients):
        """Add to the gradients of those parameters that this layer has."""
        for name in self.params:
            self.grads[name] += gradients[name]

    def recall(self):
        """What the last forward pass saved."""
        if self.saved is None:
            raise RuntimeError(f"{type(self).__name__}: backward needs a forward pass before it")
        return self.saved

    def train(self, mode=True):
        """Training mode: batch statistics. Returns the layer."""
        self.training = mode
        return self

    def eval(self):
        """Evaluation mode: running statistics. Returns the layer."""
        return self.train(False)

    def zero_grad(self):
        """Set every gradient to zero, in place."""
        for gradient in self.grads.values():
            gradient[...] = 0

    def state_dict(self):
        """Copies of all parameters and buffers, on the host, under PyTorch's names."""
        return {
            name: to_host(a).copy() for name, a in (*self.params.items(), *self.buffers.items())
        }

    def load_state_dict(self, state):
        """Copy values in: a dict of arrays or PyTorch CPU tensors, with exactly our names."""
        own = {**self.params, **self.buffers}
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise ValueError(f"state does not fit: missing {missing}, unknown {unknown}")
        values = {name: np.asarray(state[name]) for name in own}
        wrong = [
            f"{name} is {values[name].shape}, needs {array.shape}"
            for name, array in own.items()
            if values[name].shape != array.shape
        ]
        if wrong:
            raise ValueError("state does not fit: " + "; ".join(wrong))
        for name, array in own.items():
            array[...] = xp_of(array).asarray(values[name], dtype=array.dtype)

    def to(self, target):
        """Move to "cpu" or "gpu", or convert to np.float32 or np.float64. Returns the layer.

        Integer buffers keep their dtype. What the last forward pass saved is forgotten.
        """
        for arrays in (self.params, self.grads, self.buffers):
            for name, array in arrays.items():
                arrays[name] = _converted(array, target)
        self.saved = None
        return self

    @property
    def device(self):
        """Where the parameters are, "cpu" or "gpu"; "cpu" if there are none."""
        return "gpu" if any(map(is_cupy, self.params.values())) else "cpu"

    def __repr__(self):
        shapes = [f"{name} {array.shape}" for name, array in self.params.items()]
        return f"{type(self).__name__}({', '.join(filter(None, [*shapes, self.extra_repr()]))})"

    def extra_repr(self):
        """What repr shows beside the parameters' shapes."""
        return ""


def written(options, **defaults):
    """Options as "name=value, …", without those at their default (None if not given)."""
    return ", ".join(f"{k}={value}" for k, value in options.items() if value != defaults.get(k))


def he_normal(shape, fan_in, rng=None, dtype=np.float32):
    """Normal values with variance 2/fan_in (He et al. 2015, equation 10).

    `rng` is a NumPy Generator, a seed, or None for a new draw every time. Drawn in float64, so
    that one seed gives one net in every dtype and on every device.
    """
    values = np.random.default_rng(rng).standard_normal(shape) * np.sqrt(2 / fan_in)
    return values.astype(value_dtype(dtype))


def value_dtype(dtype):
    """float32 or float64 as a NumPy dtype."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"dtype is {np.dtype(dtype)}, but must be float32 or float64")
    return np.dtype(dtype)


def _converted(array, target):
    if isinstance(target, str) and target in DEVICES:
        return to_device(array, target)
    if array.dtype.kind != "f":
        return array
    return array.astype(value_dtype(target), copy=False)
