"""Nets as a reader of PyTorch writes them, for the tests of `--net own_nets.py:NAME`."""

import numpy as np

from nn_scratch.layers import BatchNorm2d, Conv2d, Dropout, Flatten, Layer, Linear, ReLU


class Pool(Layer):
    """A 2×2 max-pool of its own: all maxima of a window get the gradient."""

    def forward(self, x):
        n, c, h, w = self.size = x.shape
        blocks = x.reshape(n, c, h // 2, 2, w // 2, 2)
        y = blocks.max(axis=(3, 5))
        self.mask = blocks == y[:, :, :, None, :, None]
        return y

    def backward(self, dy):
        return (self.mask * dy[:, :, :, None, :, None]).reshape(self.size)


class Unpool(Layer):
    """Puts values where the maxima of its partner stood."""

    def __init__(self, pool):
        super().__init__()
        self.pool = pool

    def forward(self, x):
        return (self.pool.mask * x[:, :, :, None, :, None]).reshape(self.pool.size)

    def backward(self, dy):
        n, c, h, w = self.pool.size
        return (dy.reshape(n, c, h // 2, 2, w // 2, 2) * self.pool.mask).sum(axis=(3, 5))


class Stage(Layer):
    """Convolution, batch norm, ReLU."""

    def __init__(self, in_channels, out_channels, rng):
        super().__init__()
        self.conv = Conv2d(in_channels, out_channels, 3, padding="same", rng=rng)
        self.norm = BatchNorm2d(out_channels)
        self.relu = ReLU()

    def forward(self, x):
        return self.relu(self.norm(self.conv(x)))

    def backward(self, dy):
        return self.conv.backward(self.norm.backward(self.relu.backward(dy)))


class MyNet(Layer):
    """Children assigned, a list of stages, a pool with its unpool, and dropout."""

    def __init__(self, in_channels, num_classes, width=6, rng=None):
        super().__init__()
        rng = np.random.default_rng(rng)
        self.stages = [Stage(in_channels, width, rng), Stage(width, width, rng)]
        self.pool = Pool()
        self.drop = Dropout(0.2, rng=rng)
        self.unpool = Unpool(self.pool)
        self.last = Conv2d(width, num_classes, 1, rng=rng)

    def forward(self, x):
        below = self.drop(self.pool(self.stages[0](x)))
        return self.last(self.unpool(self.stages[1](below)))

    def backward(self, dy):
        dy = self.stages[1].backward(self.unpool.backward(self.last.backward(dy)))
        return self.stages[0].backward(self.pool.backward(self.drop.backward(dy)))


class MyLocalizer(Layer):
    """Two heads, for images of one size."""

    def __init__(self, in_channels, num_classes, *, image_size, kernel_size=3, rng=None):
        super().__init__()
        rng = np.random.default_rng(rng)
        h, w = image_size
        self.conv = Conv2d(in_channels, 2, kernel_size, stride=4, padding=1, rng=rng)
        self.relu, self.flat = ReLU(), Flatten()
        features = 2 * ((h + 2 - kernel_size) // 4 + 1) * ((w + 2 - kernel_size) // 4 + 1)
        self.heads = {
            "what": Linear(features, num_classes, rng=rng),
            "where": Linear(features, 4, rng=rng),
        }

    def forward(self, x):
        features = self.flat(self.relu(self.conv(x)))
        return self.heads["what"](features), self.heads["where"](features)

    def backward(self, gradients):
        dscores, dboxes = gradients
        dy = self.heads["what"].backward(dscores) + self.heads["where"].backward(dboxes)
        return self.conv.backward(self.relu.backward(self.flat.backward(dy)))


def my_function(in_channels, num_classes, **options):
    """A function that builds one, and takes whatever it is given."""
    return MyNet(in_channels, num_classes, options.get("width", 3), options.get("rng"))


class Forgotten(Layer):
    """Its layers are in an object that is no layer."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.forward = Conv2d(in_channels, num_classes, 3).forward


class Shrinks(Layer):
    """Its scores are smaller than the image."""

    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.conv = Conv2d(in_channels, num_classes, 3)

    def forward(self, x):
        return self.conv(x)

    def backward(self, dy):
        return self.conv.backward(dy)


class Fails(MyNet):
    """Its backward pass has a mistake."""

    def backward(self, dy):
        return self.nothing.backward(dy)


def no_net(in_channels, num_classes):
    """No layer at all."""
    return [in_channels, num_classes]


NUMBER = 3
