"""Optimizers: how gradients change parameters. Both as in PyTorch, number for number."""

from math import sqrt

import numpy as np

from nn_scratch.backend import xp_of


class Optimizer:
    """Updates `net.params` in place from `net.grads`.

    `lr` may be set before every step. `state` holds arrays under names like "velocity.weight".
    """

    def __init__(self, net, lr, weight_decay):
        self.net = net
        self.lr = lr
        self.weight_decay = weight_decay
        self.steps = 0
        self.state = {}

    def step(self):
        """One update of every parameter."""
        self.steps += 1
        for name, parameter in self.net.params.items():
            gradient = self.net.grads[name]
            if self.weight_decay:
                gradient = gradient + self.weight_decay * parameter
            parameter -= self._change(name, gradient)

    def _change(self, name, gradient):
        """What to subtract from the parameter."""
        raise NotImplementedError

    def _slot(self, kind, name, like):
        """The state array of this kind for this parameter, zeros at first."""
        return self.state.setdefault(f"{kind}.{name}", xp_of(like).zeros_like(like))

    def state_dict(self):
        """Everything that a resumed run needs, as arrays."""
        return {"steps": np.array(self.steps), **self.state}

    def load_state_dict(self, state):
        """Take over what state_dict gave."""
        self.steps = int(state["steps"])
        self.state = {
            name: xp_of(self.net.params[name.partition(".")[2]]).array(array)
            for name, array in state.items()
            if name != "steps"
        }


class SGD(Optimizer):
    """Stochastic gradient descent: v ← momentum·v + g, parameter ← parameter − lr·v."""

    def __init__(self, net, lr, *, momentum=0.0, weight_decay=0.0):
        super().__init__(net, lr, weight_decay)
        self.momentum = momentum

    def _change(self, name, gradient):
        if not self.momentum:
            return self.lr * gradient
        velocity = self._slot("velocity", name, gradient)
        velocity *= self.momentum
        velocity += gradient
        return self.lr * velocity


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1): parameter ← parameter − lr·m̂ / (√v̂ + eps), with
    running means m of g and v of g², both corrected for their start at 0."""

    def __init__(self, net, lr=1e-3, *, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(net, lr, weight_decay)
        self.betas = betas
        self.eps = eps

    def _change(self, name, gradient):
        beta1, beta2 = self.betas
        mean, square = (self._slot(kind, name, gradient) for kind in ("mean", "square"))
        mean += (1 - beta1) * (gradient - mean)
        square += (1 - beta2) * (gradient * gradient - square)
        root = xp_of(square).sqrt(square)
        correction1, correction2 = (1 - beta**self.steps for beta in self.betas)
        return (self.lr / correction1) * mean / (root / sqrt(correction2) + self.eps)
