"""Does cost grow with the work, and only with it?

    python benchmarks/cost.py           a minute or two
    python benchmarks/cost.py --tiny    does it run at all?

Times ops, forward and backward, over image sizes, batch sizes and numbers of channels, and fits
time = constant · amount^slope to the larger half: a slope of 1 is linear. (A convolution's work
grows with the square of its channels.) Then sends one large image through SegNet-Basic and takes
the process's peak memory.
Writes a table, cost.json and cost.png beside this file (--out).
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from machine import machine, peak_bytes
from nn_scratch import layers, nets, ops
from nn_scratch.plotting.colours import LINE_COLOURS, MARKERS

RNG = np.random.default_rng(0)
CLASSES = 12
# axis: label, and the (batch, channels, height and width) along it
AXES = {
    "pixels": ("pixels of an image", [(1, 32, s, s) for s in (32, 64, 128, 256, 512)]),
    "batch": ("images in a batch", [(n, 32, 64, 64) for n in (1, 2, 4, 8, 16, 32)]),
    "channels": ("channels", [(4, c, 64, 64) for c in (8, 16, 32, 64, 128)]),
}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="small images, to see that it runs")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--large", type=int, metavar="SIZE", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.large:
        print(json.dumps(large_image(options.large)))
        return
    curves = [measure(*which, options.tiny) for which in tqdm([*product(AXES, OPS)], disable=None)]
    size = "256" if options.tiny else "2048"
    command = [sys.executable, __file__, "--large", size]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = {"machine": machine(), "curves": curves, "large image": json.loads(done.stdout)}
    (options.out / "cost.json").write_text(json.dumps(report, indent=1) + "\n")
    picture(curves).savefig(options.out / "cost.png", dpi=110)
    print(table(report))


def measure(axis, op, tiny):
    """Median milliseconds along one axis, and the fit of its larger half."""
    shrink, enough = (8, 0.01) if tiny else (1, 0.5)
    amounts, times = [], []
    for n, c, height, width in AXES[axis][1]:
        height, width = height // shrink, width // shrink
        call = OPS[op](n, c, height, width)
        call()
        seconds = []
        while len(seconds) < 5 or (sum(seconds) < enough and len(seconds) < 200):
            start = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - start)
        amounts.append({"pixels": height * width, "batch": n, "channels": c}[axis])
        times.append(1e3 * statistics.median(seconds))
    half = slice(len(times) // 2 - 1, None)
    slope, constant = np.polyfit(np.log(amounts[half]), np.log(times[half]), 1)
    return {
        "axis": axis,
        "op": op,
        "amounts": amounts,
        "ms": times,
        "slope": float(slope),
        "constant": float(np.exp(constant)),
    }


def large_image(size):
    """Seconds and peak memory of a forward pass of one image, size × size."""
    net = nets.SegNetBasic(3, CLASSES, rng=0).eval()
    image = RNG.standard_normal((1, 3, size, size), np.float32)
    start = time.perf_counter()
    with layers.inference_mode(net):
        scores = net(image)
    seconds = time.perf_counter() - start
    return {"scores": scores.shape, "seconds": seconds, "peak_gib": peak_bytes() / 2**30}


# ---------------------------------------------------------------- what is timed


def new(*shape):
    return RNG.standard_normal(shape, np.float32)


def convolution(kernel):
    def prepare(n, c, height, width):
        x, w, options = new(n, c, height, width), new(c, c, kernel, kernel), {"padding": "same"}

        def call():
            ops.conv2d_backward(ops.conv2d(x, w, **options), x, w, **options)

        return call

    return prepare


def pooling(n, c, height, width):
    x = new(n, c, height, width)

    def call():
        y, switches = ops.max_pool2d(x, 2)
        ops.max_pool2d_backward(y, switches, (height, width), kernel_size=2)

    return call


def norm_and_relu(n, c, height, width):
    x, w, b = new(n, c, height, width), np.ones(c, np.float32), np.zeros(c, np.float32)

    def call():
        y, statistics_, _ = ops.batch_norm2d(x, w, b, b, w)
        ops.batch_norm2d_backward(ops.relu_backward(x, ops.relu(y)), x, w, statistics_)

    return call


OPS = {
    "convolution 3×3": convolution(3),
    "convolution 5×5": convolution(5),
    "max-pool 2×2": pooling,
    "batch norm + ReLU": norm_and_relu,
}

# ---------------------------------------------------------------- what is shown


def picture(curves):
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    for axes, (axis, (label, _)) in zip(figure.subplots(1, len(AXES)), AXES.items(), strict=True):
        shown = [curve for curve in curves if curve["axis"] == axis]
        for curve, colour, marker in zip(shown, LINE_COLOURS, MARKERS, strict=False):
            legend = f"{curve['op']}, slope {curve['slope']:.2f}"
            line = {"color": colour, "marker": marker, "ms": 5, "lw": 1.4}
            axes.loglog(curve["amounts"], curve["ms"], label=legend, **line)
        axes.set(xlabel=label, ylabel="ms, forward and backward")
        axes.set_xticks(curve["amounts"], [f"{a:,}" for a in curve["amounts"]], fontsize=8)
        axes.minorticks_off()
        axes.grid(color="0.92")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=9, frameon=False)
    return figure


def table(report):
    lines = [", ".join(f"{what} {value}" for what, value in report["machine"].items())]
    lines.append(f"{'':<20}{'grows with':<12}{'slope':>7}{'constant, ms':>15}   ms")
    for curve in report["curves"]:
        shown = " ".join(f"{ms:.2f}" for ms in curve["ms"])
        lines.append(
            f"{curve['op']:<20}{curve['axis']:<12}{curve['slope']:>7.2f}"
            f"{curve['constant']:>15.2e}   {shown}"
        )
    large = report["large image"]
    lines.append(
        f"scores {'×'.join(map(str, large['scores']))}: {large['seconds']:.1f} s, "
        f"peak memory {large['peak_gib']:.2f} GiB"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
