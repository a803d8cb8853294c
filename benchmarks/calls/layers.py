"""Every layer: what it makes of its input, against the plain loops; its backward pass, against
differences of its forward pass."""

from copy import deepcopy

import numpy as np

from calls.frame import Call, difference, equal_to, pick, sizes, values
from nn_scratch import layers, naive

OPTIONS = "stride", "padding", "dilation"
LARGEST, MOST = 1000, 20_000  # parameters of a layer that is tried, and numbers that it may make


def geometry(rng):
    return {
        name: int(rng.integers(least, 3)) for name, least in zip(OPTIONS, (1, 0, 1), strict=True)
    }


# ---------------------------------------------------------------- how each is made


def conv(rng):
    groups = pick(rng, 1, 1, 2)
    channels = 2 * groups, 2
    options = {**geometry(rng), "groups": groups, "bias": bool(rng.integers(2))}
    return [*channels, (2, 3)], {**options, "rng": 0, "dtype": np.float64}


def pool(rng):
    return [2], {"stride": pick(rng, None, 1, 2), "padding": pick(rng, 0, 1)}


def scale(rng):
    return [pick(rng, 1, 2, (2, 3))], {}


def interpolation(rng):
    size = pick(rng, {"size": (5, 3)}, {"scale": 2})
    return [], {**size, "align_corners": bool(rng.integers(2))}


def norm(rng):
    return [2, float(rng.random() + 1e-5), float(rng.random())], {"dtype": np.float64}


def several(rng):
    return [layers.ReLU(), layers.Sigmoid()], {}


MADE = {
    "AdaptiveAvgPool2d": lambda rng: ([pick(rng, 2, (3, 2))], {}),
    "Add": lambda rng: ([], {}),
    "AvgPool2d": lambda rng: (
        pool(rng)[0],
        {**pool(rng)[1], "count_include_pad": bool(rng.integers(2))},
    ),
    "BatchNorm2d": norm,
    "BatchNormReLU2d": norm,
    "BedOfNails2d": scale,
    "BilinearUpsample2d": interpolation,
    "Concat": lambda rng: ([], {}),
    "Conv2d": conv,
    "ConvTranspose2d": conv,
    "Dropout": lambda rng: ([float(rng.random())], {"rng": 0}),
    "Flatten": lambda rng: ([], {}),
    "LeakyReLU": lambda rng: ([float(rng.random())], {}),
    "Linear": lambda rng: ([3, 4], {"bias": bool(rng.integers(2)), "rng": 0, "dtype": np.float64}),
    "MaxPool2d": lambda rng: (pool(rng)[0], {**pool(rng)[1], "ceil_mode": bool(rng.integers(2))}),
    "MaxUnpool2d": lambda rng: (
        [layers.MaxPool2d(2)],
        {"collisions": pick(rng, "sum", "overwrite")},
    ),
    "NearestUnpool2d": scale,
    "ReLU": lambda rng: ([], {}),
    "Sequential": several,
    "Sigmoid": lambda rng: ([], {}),
    "ZeroPad2d": lambda rng: ([pick(rng, 1, (0, 1, 2, 1))], {}),
}

# ---------------------------------------------------------------- what each makes of its input


def inputs(layer, rng):
    """What the layer's forward takes."""
    name, weight = type(layer).__name__, layer.params.get("weight")
    if name == "Linear":
        return [values(rng, 2, weight.shape[1])]
    channels = 2 if weight is None else len(weight)
    if name == "Conv2d":
        channels = weight.shape[1] * layer.options["groups"]
    x = values(rng, 2, channels, *sizes(rng, 2, 5, 7))
    if name == "MaxUnpool2d":
        return [layer.pool(x)]
    return [x, values(rng, *x.shape)] if name in ("Add", "Concat") else [x]


def weights(layer):
    return layer.params["weight"], layer.params.get("bias")


def normalized(layer, x):
    statistics = layer.buffers["running_mean"], layer.buffers["running_var"]
    options = {"eps": layer.eps, "momentum": layer.momentum, "relu": layer.relu}
    return naive.batch_norm2d(x, *weights(layer), *statistics, **options)[0]


def interpolated(layer, x):
    size = layer.size or [n * s for n, s in zip(x.shape[2:], layer.scale, strict=True)]
    return naive.bilinear_upsample2d(x, tuple(size), align_corners=layer.align_corners)


def transposed(layer, x):
    options = {**layer.options, "output_padding": layer.output_padding}
    return naive.conv_transpose2d(x, *weights(layer), **options)


def dropped(layer, x):
    kept, _ = layer.saved
    return np.where(kept, x / (1 - layer.p or 1), 0)


def unpooled(layer, x):
    pool = layer.pool
    return naive.max_unpool2d(x, pool.switches, pool.input_size, collisions=layer.collisions)


def connected(layer, x):
    weight, bias = weights(layer)
    return naive.linear(x, weight, np.zeros(len(weight)) if bias is None else bias)


def surrounded(layer, x):
    left, right, top, bottom = layer.padding
    (n, c, h, w) = x.shape
    y = np.zeros((n, c, top + h + bottom, left + w + right))
    y[:, :, top : top + h, left : left + w] = x
    return y


FORWARD = {
    "AdaptiveAvgPool2d": lambda layer, x: naive.adaptive_avg_pool2d(x, layer.output_size),
    "Add": lambda layer, a, b: a + b,
    "AvgPool2d": lambda layer, x: naive.avg_pool2d(x, layer.kernel_size, **layer.options),
    "BatchNorm2d": normalized,
    "BatchNormReLU2d": normalized,
    "BedOfNails2d": lambda layer, x: naive.bed_of_nails_unpool2d(x, layer.scale),
    "BilinearUpsample2d": interpolated,
    "Concat": lambda layer, a, b: np.concatenate([a, b], axis=1),
    "Conv2d": lambda layer, x: naive.conv2d(x, *weights(layer), **layer.options),
    "ConvTranspose2d": transposed,
    "Dropout": dropped,
    "Flatten": lambda layer, x: x.reshape(len(x), -1),
    "LeakyReLU": lambda layer, x: naive.leaky_relu(x, negative_slope=layer.negative_slope),
    "Linear": connected,
    "MaxPool2d": lambda layer, x: naive.max_pool2d(x, **layer.geometry, ceil_mode=layer.ceil_mode)[
        0
    ],
    "MaxUnpool2d": unpooled,
    "NearestUnpool2d": lambda layer, x: naive.nearest_unpool2d(x, layer.scale),
    "ReLU": lambda layer, x: naive.relu(x),
    "Sequential": lambda layer, x: naive.sigmoid(naive.relu(x)),
    "Sigmoid": lambda layer, x: naive.sigmoid(x),
    "ZeroPad2d": surrounded,
}


def slope(layer, dy, *x):
    """How fast the sum of dy·y changes as x moves in the direction of x."""
    h = 1e-6
    up, down = (deepcopy(layer)(*(part * (1 + sign * h) for part in x)) for sign in (1, -1))
    return ((up - down) * dy).sum() / (2 * h)


def wrong_backward(dx, dy, layer, x, before):
    """What is wrong with dx, by differences of the layer as it was before."""
    parts = dx if isinstance(dx, tuple) else (dx,)
    if [part.shape for part in parts] != [part.shape for part in x]:
        return f"dx {[part.shape for part in parts]}"
    if not np.isfinite(dy).all() or np.abs(dy).max(initial=0) > 1e6:
        return None
    found = sum((part * given).sum() for part, given in zip(parts, x, strict=True))
    size = sum(np.abs(part * given).sum() for part, given in zip(parts, x, strict=True))
    return None if abs(found - slope(before, dy, *x)) < 1e-4 * max(size, 1) else "dx is no slope"


# ---------------------------------------------------------------- calls


def making(name):
    """Calls of the class; what is made must compute, or refuse an x that it is too large for."""

    def make(rng):
        def fault(layer, *given, **options):
            if name == "Sequential" and [type(one) for one in layer] != [
                layers.ReLU,
                layers.Sigmoid,
            ]:
                return None
            if sum(a.size for a in layer.params.values()) > LARGEST:
                return None
            try:
                x = inputs(layer.to(np.float64), rng)
                y = layer(*x)
            except (ValueError, TypeError):
                return None
            return None if y.size > MOST else difference(y, FORWARD[name](layer, *x))

        positional, keywords = MADE[name](rng)
        return Call(getattr(layers, name), positional, keywords, fault)

    return make


def made(name, rng):
    """A layer, and what it takes."""
    while True:
        positional, keywords = MADE[name](rng)
        layer = getattr(layers, name)(*positional, **keywords)
        x = inputs(layer, rng)
        try:
            deepcopy(layer)(*x)
        except ValueError:  # no window fits
            continue
        return layer, x


def forwards(name):
    """Calls of the forward pass."""

    def make(rng):
        layer, x = made(name, rng)
        return Call(layer.forward, x, {}, equal_to(lambda *x: FORWARD[name](layer, *x), near=1e-4))

    return make


def backwards(name):
    """Calls of the backward pass."""

    def make(rng):
        layer, x = made(name, rng)
        before = deepcopy(layer)
        dy = values(rng, *layer(*x).shape)
        fault = lambda dx, dy: wrong_backward(dx, dy, layer, x, before)  # noqa: E731
        return Call(layer.backward, [dy], {}, fault)

    return make


# ---------------------------------------------------------------- what all layers have


def state(rng):
    net = layers.Sequential(layers.Conv2d(2, 3, 1, rng=0), layers.BatchNorm2d(3))
    given = {name: values(rng, *a.shape).astype(a.dtype) for name, a in net.state_dict().items()}
    fault = lambda _, given: difference(  # noqa: E731
        list(net.state_dict().values()), [np.asarray(given[n]) for n in net.state_dict()], near=1e-4
    )
    return Call(net.load_state_dict, [given], {}, fault)


def parameter(rng):
    layer = layers.Layer()

    def fault(_, name, value):
        return difference((layer.params[name], layer.grads[name]), (value, 0 * value))

    return Call(layer.add_parameter, ["weight", values(rng, 2, 3)], {}, fault)


def moved(rng):
    def fault(net, target):
        wanted = np.float32 if isinstance(target, str) else np.dtype(target)
        return None if net.params["weight"].dtype == wanted else "of another dtype"

    return Call(
        layers.Linear(2, 3, rng=0).to, [pick(rng, "cpu", np.float32, np.float64)], {}, fault
    )


def mode(rng):
    net = layers.Sequential(layers.ReLU())
    fault = lambda made, mode=True: None if net[0].training is mode else "another mode"  # noqa: E731
    return Call(net.train, [bool(rng.integers(2))], {}, fault)


def normal(rng):
    def fault(found, shape, fan_in, rng=None, dtype=np.float32):
        right = found.shape == tuple(shape) and found.dtype == np.dtype(dtype)
        if rng is None:
            return None
        wanted = np.sqrt(2 / fan_in) * np.random.default_rng(rng).standard_normal(shape)
        return difference(found, wanted, 1e-4) if right else "another shape or dtype"

    options = {"rng": int(rng.integers(9)), "dtype": pick(rng, np.float32, np.float64)}
    return Call(layers.he_normal, [tuple(sizes(rng, 2)), 3.0], options, fault)


def inference(rng):
    layer = layers.ReLU()

    def within(net):
        with layers.inference_mode(net):
            net(np.ones((1, 2)))
        return "saved" in vars(net)

    return Call(within, [layer], {}, lambda kept, net: "x is kept" if kept else None)


TABLE = {
    "layers.Layer": lambda rng: Call(layers.Layer, [], {}),
    "layers.Layer.add_parameter": parameter,
    "layers.Layer.load_state_dict": state,
    "layers.Layer.to": moved,
    "layers.Layer.train": mode,
    "layers.he_normal": normal,
    "layers.inference_mode": inference,
    **{f"layers.{name}": making(name) for name in MADE},
    **{f"layers.{name}.forward": forwards(name) for name in MADE},
    **{f"layers.{name}.backward": backwards(name) for name in MADE},
}
