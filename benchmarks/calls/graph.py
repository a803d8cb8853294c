"""Every function of nn_scratch.graph, on a small net of which all is known."""

import json
import re

import numpy as np

from calls.frame import Call, difference, pick, public, values
from nn_scratch import graph
from nn_scratch.graph.memory import checksum
from nn_scratch.layers import Conv2d, MaxPool2d, NearestUnpool2d, ReLU, Sequential

CHANNELS, SIZE = 1, (8, 10)
COLOURS = ["#112233", "#aabbcc", "#0f0f0f"]
CONVOLUTIONS = 2


def net(dtype=np.float32):
    """A convolution, a pool and the way back up, and another convolution: 3 classes."""
    first = Conv2d(CHANNELS, 2, 3, padding=1, rng=0, dtype=dtype)
    last = Conv2d(2, 3, 1, rng=1, dtype=dtype)
    return Sequential(first, ReLU(), MaxPool2d(2), NearestUnpool2d(2), last)


def image(rng):
    return values(rng, 1, CHANNELS, *SIZE).astype(np.float32)


def traced(rng):
    def fault(found, net, *inputs):
        kinds = [step.kind for step in found.steps]
        wanted = [type(layer).__name__ for layer in net]
        if kinds != wanted:
            return f"steps {kinds}"
        return difference(found.outputs[0].array, net(*inputs), 1e-6)

    return Call(graph.trace, [net(), image(rng)], {}, fault, names=("x",))


def counted(rng):
    def fault(rows, net, x):
        n, _, height, width = x.shape
        products = n * height * width * 9 * CHANNELS * 2  # of the first layer
        small = 4 * (height // 2) * (width // 2)  # an odd last row is lost in the pool
        total = products + n * small * 2 * 3
        numbers = sum(a.size for a in net.params.values())
        return difference((rows[-1].macs, rows[-1].params), (total, numbers))

    return Call(graph.cost, [net(), image(rng)], {}, fault)


def tabulated(rng):
    def fault(text, rows):
        return None if len(text.splitlines()) in (len(rows) + 1, len(rows) + 2) else "other lines"

    return Call(graph.cost_table, [graph.cost(net(), image(rng))], {}, fault)


def untold(rng):
    def fault(names, rows):
        return difference(names, sorted({row.layer for row in rows if row.macs is None}))

    return Call(graph.untold_macs, [graph.cost(net(), image(rng))], {}, fault)


def seen(image, pixel):
    """Which pixels the net sees: a window of 3×3 around each pixel of a pool's window."""
    height, width = image.shape[2:]
    row, column = (pixel,) * 2 if isinstance(pixel, int) else pixel or (height // 2, width // 2)
    found = np.zeros((height, width), bool)
    top, left = row // 2 * 2, column // 2 * 2
    found[max(top - 1, 0) : top + 3, max(left - 1, 0) : left + 3] = True
    return found


def influence(rng):
    def fault(found, net, image, pixel=None):
        return difference(found, seen(image, pixel))

    pixel = pick(rng, None, (3, 4), (0, 9))
    return Call(graph.influence, [net(), image(rng)], {"pixel": pixel}, fault)


def field(rng):
    def fault(found, net, image):
        rows, columns = seen(image, None).nonzero()
        return difference(found, (int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1))

    return Call(graph.receptive_field, [net(), image(rng)], {}, fault)


def onnx(rng):
    def fault(model, net, image_shape, outputs=("scores",), metadata=None):
        kinds = [node.op_type for node in model.graph.node]
        names = [one.name for one in model.graph.output]
        right = kinds.count("Conv") == CONVOLUTIONS and names == [*outputs]
        return None if right else f"{kinds} {names}"

    options = {"outputs": pick(rng, ["scores"], ("y",)), "metadata": pick(rng, None, {"a": "b"})}
    return Call(graph.to_onnx, [net(), (CHANNELS, *SIZE)], options, fault)


def page(rng):
    def fault(text, net, task, class_names, colours, examples, *more, **options):
        exported = re.search(r"(\{\"task\".*\})", text)
        said = json.loads(exported[1].split("</script>")[0].rstrip("; \n")) if exported else {}
        right = said.get("classes") == [*class_names] and len(said["examples"]) == len(examples)
        return None if right else "the page does not say what it was given"

    given = [net(), "segmentation", ["a", "b", "c"], [*COLOURS], image(rng)]
    return Call(graph.to_page, given, {"title": "A net", "sentence": "It sees."}, fault)


def record(name):
    """What a record is given, it holds; who uses it looks."""
    kind = getattr(graph, name)

    def make(rng):
        array = values(rng, 2)
        given = {
            "Cost": ["", "ReLU", (2,), 3, None, 8],
            "Paper": [1.0, 0.0, 0.0, 1.5],
            "Step": ["", None, "?", {}, ()],
            "Trace": [()],
            "Value": [0, array, None, checksum(array)],
        }[name]
        return Call(kind, given, {})

    return make


MAKERS = {
    "cost": counted,
    "cost_table": tabulated,
    "influence": influence,
    "receptive_field": field,
    "to_onnx": onnx,
    "to_page": page,
    "trace": traced,
    "untold_macs": untold,
}
RECORDS = [name for name in public("graph") if isinstance(getattr(graph, name), type)]
TABLE = {f"graph.{name}": make for name, make in MAKERS.items()}
TABLE |= {f"graph.{name}": record(name) for name in RECORDS}
