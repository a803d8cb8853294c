"""Optimizers, which change parameters by their gradients; both compute what PyTorch's compute."""

from math import sqrt

import numpy as np

from nn_scratch.arguments import an_array, an_instance, parts
from nn_scratch.backend import Array, xp_of
from nn_scratch.layers import Layer
from nn_scratch.validate import number


def demand_parameters(net):
    """Raise TypeError or ValueError, with what was probably forgotten, if `net` has no parameters
    that could be trained."""
    name = getattr(net, "__name__", type(net).__name__)
    if not isinstance(net, Layer):
        raise TypeError(
            f"net: {name} is no Layer, and has no parameters to train: write class {name}(Layer), "
            "with super().__init__() first in its __init__"
        )
    if not net.params:
        raise ValueError(
            f"net: {name} has no parameters to train. Assigning registers, after "
            "super().__init__(): are its layers attributes of self, alone or in a list, tuple or "
            "dict (not in another object, a generator or a local variable)? Were its own arrays "
            "made with add_parameter?"
        )


PIECE = 1 << 16  # elements of a parameter that are updated at a time
BELOW_ONE = float(np.nextafter(1.0, 0.0))


class Optimizer:
    """Updates `net.params` in place from `net.grads`.

    lr: the learning rate, which may be changed before every step. state: arrays that belong to a
    parameter, such as "velocity.weight", of the `kinds` that a subclass names.
    """

    kinds: tuple[str, ...] = ()

    def __init__(self, net: Layer, lr: float, weight_decay: float) -> None:
        demand_parameters(net)
        self.net = net
        self.lr = number("lr", lr, 0)
        self.weight_decay = number("weight_decay", weight_decay, 0)
        self.steps = 0
        self.state: dict[str, Array] = {}

    def step(self) -> None:
        """One update of every parameter."""
        self.steps += 1
        grads = self.net.grads
        for name, parameter in self.net.params.items():
            slots = [self._slot(kind, name, parameter) for kind in self.kinds]
            for piece in _pieces(parameter, grads[name], *slots):
                self._update(*piece)

    def _update(self, parameter, gradient, *slots):
        """Change a parameter and its state arrays in place. The update must be elementwise, since
        it is given pieces of large arrays."""
        raise NotImplementedError

    def _decayed(self, parameter, gradient):
        return gradient + self.weight_decay * parameter if self.weight_decay else gradient

    def _slot(self, kind, name, like):
        """The state array of this kind for the parameter `name`; it starts as zeros."""
        key = f"{kind}.{name}"
        if key not in self.state:
            self.state[key] = xp_of(like).zeros_like(like)
        return self.state[key]

    def state_dict(self) -> dict[str, Array]:
        """The state of the optimizer, with which a resumed run continues exactly.

        Returns: arrays by name, on the device of the parameters; "steps" is in the host's memory.
        """
        return {"steps": np.array(self.steps), **self.state}

    def load_state_dict(self, state: dict[str, Array]) -> None:
        """Load a state that state_dict returned.

        Raises: ValueError for the state of another optimizer or net, before anything is changed;
            TypeError for values that are not arrays of numbers.
        """
        an_instance("state", state, dict)
        params, shapes = self.net.params, {}
        for name, array in state.items():
            an_array(f"{name} in state", array, ("…",))
            kind, _, parameter = str(name).partition(".")
            if name != "steps" and (kind not in self.kinds or parameter not in params):
                raise ValueError(f"state: {type(self).__name__} has no {name} for this net")
            shapes[name] = np.shape(params[parameter]) if name != "steps" else ()
            if np.shape(array) != shapes[name]:
                raise ValueError(f"{name} in state is {np.shape(array)}, needs {shapes[name]}")
        if "steps" not in state or int(state["steps"]) < 0:
            raise ValueError("the number of steps is missing in state")
        needed = {f"{kind}.{name}" for kind in self.kinds for name in params}
        if missing := sorted(needed - shapes.keys()) if int(state["steps"]) else []:
            raise ValueError(f"the optimizer's state lacks {', '.join(missing[:3])}")
        self.steps = int(state["steps"])
        self.state = {
            name: xp_of(params[name.partition(".")[2]]).array(array)
            for name, array in state.items()
            if name != "steps"
        }


def _pieces(*arrays):
    """Arrays of one shape, cut into pieces if they are large and NumPy's, so that the intermediate
    results of an update stay in the processor's cache."""
    large = isinstance(arrays[0], np.ndarray) and arrays[0].size > PIECE
    if not large or not all(array.flags.c_contiguous for array in arrays):
        return [arrays]
    flat = [array.reshape(-1) for array in arrays]
    return ([a[i : i + PIECE] for a in flat] for i in range(0, arrays[0].size, PIECE))


class SGD(Optimizer):
    """Stochastic gradient descent: v ← momentum·v + g, parameter ← parameter − lr·v.

    weight_decay times the parameter is added to each gradient g first.

    Raises: TypeError or ValueError for a net without parameters, and for numbers that are negative
        or not finite.
    """

    def __init__(
        self, net: Layer, lr: float, *, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        super().__init__(net, lr, weight_decay)
        self.momentum = number("momentum", momentum, 0)
        self.kinds = ("velocity",) if momentum else ()

    def _update(self, parameter, gradient, velocity=None):
        change = self._decayed(parameter, gradient)
        if velocity is not None:
            velocity *= self.momentum
            velocity += change
            change = velocity
        parameter -= self.lr * change


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1): parameter ← parameter − lr·m̂ / (√v̂ + eps), with
    running means m of g and v of g², both corrected for their start at 0.

    weight_decay times the parameter is added to each gradient g first, as in PyTorch's Adam.

    Raises: TypeError or ValueError for a net without parameters, and for numbers that are negative
        or not finite, or betas that are not below 1.
    """

    kinds = ("mean", "square")

    def __init__(
        self,
        net: Layer,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(net, lr, weight_decay)
        first, second = parts("betas", betas, 2)
        self.betas = (
            number("betas[0]", first, 0, BELOW_ONE),
            number("betas[1]", second, 0, BELOW_ONE),
        )
        self.eps = number("eps", eps, 0)

    def _update(self, parameter, gradient, mean, square):
        gradient = self._decayed(parameter, gradient)
        beta1, beta2 = self.betas
        mean += (1 - beta1) * (gradient - mean)
        square += (1 - beta2) * (gradient * gradient - square)
        root = xp_of(square).sqrt(square)
        correction1, correction2 = (1 - beta**self.steps for beta in self.betas)
        parameter -= (self.lr / correction1) * mean / (root / sqrt(correction2) + self.eps)
