"""The cost table against counting by hand."""

import numpy as np

from helpers import draw
from nn_scratch import layers
from nn_scratch.graph.cost import cost, cost_table
from nn_scratch.nets import SegNet


def test_every_number_by_hand():
    net = layers.Sequential(
        layers.Conv2d(2, 4, 3, padding=1, groups=2, dtype=np.float64),
        layers.ReLU(),
        layers.MaxPool2d(2),
        layers.ConvTranspose2d(4, 3, 2, stride=2, dtype=np.float64),
        layers.Flatten(),
        layers.Linear(3 * 6 * 8, 5, bias=False, dtype=np.float64),
    )
    x = draw(7, 2, 6, 8)
    rows = cost(net, x)
    assert [row.layer for row in rows] == [
        *("Conv2d", "ReLU", "MaxPool2d", "ConvTranspose2d", "Flatten", "Linear", "Sequential")
    ]
    assert [row.params for row in rows] == [40, 0, 0, 51, 0, 720, 811]
    conv, transposed, linear = 7 * 4 * 48 * 9, 7 * 4 * 12 * 3 * 4, 7 * 144 * 5
    assert [row.macs for row in rows] == [
        *(conv, 0, 0, transposed, 0, linear, conv + transposed + linear)
    ]
    image, pooled = 7 * 4 * 48 * 8, 7 * 4 * 12
    kept = [x.nbytes, image, pooled * 4, pooled * 8, 0, 7 * 144 * 8]
    assert [row.kept for row in rows] == [*kept, sum(kept)]
    assert rows[-1].output == (7, 5)
    assert "forward" not in vars(net[0])  # the layers are as before


def test_what_segnet_keeps_grows_with_the_image_and_is_counted_once():
    """Convolutions keep x, batch norm x and, with ReLU, y; a pool its switches, and its partner."""
    net = SegNet(3, 5, (4, 6), rng=0)
    rows = {row.name: row for row in cost(net, np.ones((2, 3, 8, 12), np.float32))}
    pixels = 2 * 8 * 12
    assert rows["encoders.0.0"].kept == pixels * 3 * 4
    assert rows["encoders.0.1"].kept == 2 * pixels * 4 * 4 + 2 * 4 * 4
    assert rows["pools.0"].kept == pixels // 4 * 4 * 4
    assert rows["unpools.1"].kept == rows["classifier"].kept == 0  # the pool's, the last ReLU's
    large = cost(net, np.ones((2, 3, 16, 24), np.float32))[-1]
    statistics = 8 * sum(a.size for n, a in net.buffers.items() if n.endswith("running_mean"))
    assert large.kept - statistics == 4 * (rows[""].kept - statistics)


def test_the_table_is_aligned():
    lines = cost_table(cost(SegNet(3, 5, (4, 6), rng=0), np.ones((2, 3, 8, 12), np.float32)))
    lines = lines.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[-1].startswith("total") and "SegNet" in lines[-1]
