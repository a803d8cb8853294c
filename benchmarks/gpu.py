"""How fast are the kernels on this card?

    benchmarks/gpu.sh                    everything, with tests; this is one of its stages
    python benchmarks/gpu.py             measure, a few minutes
    python benchmarks/gpu.py --tiny      does it run at all?

Ops and training steps, side by side and in turns in one run: our kernels, plain CuPy
(NN_SCRATCH_KERNELS=0), and PyTorch on the same card where it is installed: with strict float32,
with TF32, and in channels_last order, which is with TF32 as well. Times are between CUDA events,
medians. Each row also says how near it is to the card's own copy bandwidth and matrix rate,
measured here. Writes a table, and gpu.json (--json), in which rows that are already there are not
measured again.
"""

import argparse
import importlib.util
import json
import os
import statistics
import time
from contextlib import contextmanager
from functools import partial
from math import prod
from pathlib import Path

import numpy as np
import training

from machine import machine
from nn_scratch import nets, ops
from nn_scratch.backend import to_device, why_no_gpu
from nn_scratch.graph.cost import cost
from nn_scratch.training import SGD, Segmentation

CLASSES = 12
ROUNDS, CALLS = 7, 5
# name: (N, C, H, W), filters, kernel, options
CONVOLUTIONS = {
    "3×3, 64 → 64": ((12, 64, 90, 120), 64, 3, {"padding": 1}),
    "7×7, 64 → 64": ((12, 64, 90, 120), 64, 7, {"padding": 3}),
    "7×7, 3 → 64": ((12, 3, 180, 240), 64, 7, {"padding": 3}),
    "3×3, stride 2": ((12, 64, 90, 120), 128, 3, {"padding": 1, "stride": 2}),
    "1×1, 128 → 64": ((12, 128, 90, 120), 64, 1, {}),
}
POOLS = {"2×2": ((12, 64, 180, 240), 2, 2), "3×3, stride 2": ((12, 64, 180, 240), 3, 2)}
SEGNET_BASIC = (12, 3, 180, 240)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="small arrays, to see that it runs")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("gpu.json"))
    options = parser.parse_args(arguments)
    if reason := why_no_gpu():
        parser.error(reason)
    report = {"rows": []}
    if options.json.exists():
        report = json.loads(options.json.read_text())
    report["machine"] = {**machine(), **card(), "date": time.strftime("%Y-%m-%d")}
    if "limits" not in report:
        report["limits"] = limits(options.tiny)
    done = {row["name"] for row in report["rows"]}
    with own_stream():
        for name, make in subjects(options.tiny):
            if name not in done:
                report["rows"].append({"name": name, **measure(*make())})
                options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(table(report))


# ---------------------------------------------------------------- measuring


def measure(ways, bytes_moved, macs):
    """Median milliseconds of each way, which take turns; their memory; what they had to do."""
    ways = {name: way for name, way in ways.items() if fits(*way)}
    times = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (call, around) in ways.items():
            with around():
                times[name].append(elapsed(call))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    memory = {}
    for name, (call, around) in ways.items():
        with around():
            memory[name] = peak_mb(call, in_torch=name.startswith("PyTorch"))
    return {"ms": medians, "mb": memory, "bytes": bytes_moved, "macs": macs}


def fits(call, around):
    """Whether a first call, which compiles and allocates, finds enough memory: plain CuPy's columns
    may be more than a small card has."""
    try:
        with around():
            call()
    except MemoryError:
        return False
    return True


def peak_mb(call, in_torch):
    """The most memory that CuPy's pool, or PyTorch's, held during a call, in MB."""
    if in_torch:
        import torch

        torch.cuda.reset_peak_memory_stats()
        call()
        return torch.cuda.max_memory_allocated() / 1e6
    import cupy

    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    call()
    return pool.total_bytes() / 1e6


def elapsed(call):
    """Milliseconds of a call between two events of the card, the mean of a few."""
    import cupy

    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    start.record()
    for _ in range(CALLS):
        call()
    end.record()
    end.synchronize()
    return cupy.cuda.get_elapsed_time(start, end) / CALLS


def card():
    import cupy

    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return {"card": name, "cupy": cupy.__version__}


def limits(tiny):
    """The card's own copy bandwidth, GB/s, and its matrix rate in float32, TFLOP/s."""
    import cupy

    count, side = (1 << 16, 64) if tiny else (1 << 28, 8192)
    x, y = cupy.zeros(count, np.float32), cupy.empty(count, np.float32)
    a = cupy.ones((side, side), np.float32)

    def copy():
        y[...] = x

    def multiply():
        a @ a

    for call in (copy, multiply):
        call()
    return {
        "copy_gb_s": 2 * x.nbytes / elapsed(copy) / 1e6,
        "matrix_tflop_s": 2 * side**3 / elapsed(multiply) / 1e9,
    }


def own_stream():
    """One stream for all ways, so that each waits for the one before. It must not be stream 0, for
    which PyTorch takes a stream of its own choice."""
    import cupy

    return cupy.cuda.Stream()


@contextmanager
def plain():
    """Without our kernels."""
    os.environ["NN_SCRATCH_KERNELS"] = "0"
    try:
        yield
    finally:
        del os.environ["NN_SCRATCH_KERNELS"]


@contextmanager
def ours():
    yield


# ---------------------------------------------------------------- what is measured


def subjects(tiny):
    """Pairs (name, function that makes the ways, the bytes and the MACs)."""
    for name, (shape, f, kernel, options) in CONVOLUTIONS.items():
        for part in ("forward", "input gradient", "weight gradient"):
            make = convolution(part, smaller(shape, tiny), f, kernel, options)
            yield f"convolution {name}, {part}", make
    for name, (shape, kernel, stride) in POOLS.items():
        for part in ("pool", "pool backward", "unpool", "unpool backward"):
            yield f"{part} {name}", pooling(part, smaller(shape, tiny), kernel, stride)
    for name, case in {**training.NETS, "SegNet-Basic 12×3 180×240": None}.items():
        yield f"training step, {name}", training_step(case, tiny)


def smaller(shape, tiny):
    _, c, height, width = shape
    return (2, min(c, 4), height // 6, width // 6) if tiny else shape


def new(*shape):
    return to_device(np.random.default_rng(0).standard_normal(shape, np.float32), "gpu")


def convolution(part, shape, f, kernel, options):
    def make():
        from nn_scratch.engine.cuda import conv_backward_data, conv_backward_filter, conv_forward
        from nn_scratch.geometry import make_windows

        x, w = new(*shape), new(f, shape[1], kernel, kernel)
        windows = make_windows(kernel, options.get("stride", 1), options.get("padding", 0))
        y = conv_forward(x, w, windows)
        call = {
            "forward": lambda: conv_forward(x, w, windows),
            "input gradient": lambda: conv_backward_data(y, w, shape[2:], windows),
            "weight gradient": lambda: conv_backward_filter(x, y, windows),
        }[part]
        ways = {"kernels": (call, ours), "plain CuPy": (call, plain)}
        ways |= torch_convolution(part, shape, f, kernel, options)
        return ways, x.nbytes + w.nbytes + y.nbytes, y.size * prod(w.shape[1:])

    return make


def pooling(part, shape, kernel, stride):
    def make():
        x = new(*shape)
        geometry = {"kernel_size": kernel, "stride": stride}
        y, switches = ops.max_pool2d(x, **geometry)
        size = shape[2:]
        call = {
            "pool": lambda: ops.max_pool2d(x, **geometry),
            "pool backward": lambda: ops.max_pool2d_backward(y, switches, size, **geometry),
            "unpool": lambda: ops.max_unpool2d(y, switches, size, **geometry),
            "unpool backward": lambda: ops.max_unpool2d_backward(x, switches, **geometry),
        }[part]
        ways = {"kernels": (call, ours), "plain CuPy": (call, plain)}
        ways |= torch_pooling(part, shape, kernel, stride)
        return ways, x.nbytes + y.nbytes + switches.nbytes, 0

    return make


def training_step(case, tiny):
    """A step of one of training.py's nets, or of SegNet-Basic, ours and PyTorch's."""

    def make():
        subject = segnet_basic(tiny) if case is None else case(8 if tiny else 1)
        net, task = subject.ours().to("gpu"), subject.task
        optimizer = SGD(net, 0.01, momentum=0.9)

        def call():
            net.zero_grad()
            task.step(net, subject.batch)
            optimizer.step()

        ways = {"kernels": (call, ours), "plain CuPy": (call, plain)}
        ways |= torch_training_step(subject)
        macs = cost(subject.ours(), subject.batch[0])[-1].macs
        return ways, sum(array.nbytes for array in subject.batch), 3 * macs

    return make


def segnet_basic(tiny):
    n, c, height, width = smaller(SEGNET_BASIC, tiny)
    features = 4 if tiny else 64

    def theirs():
        import torch_nets

        return torch_nets.TorchSegNetBasic(c, CLASSES, features), torch_nets.segmentation_loss

    rng = np.random.default_rng(0)
    images = rng.standard_normal((n, c, height, width), np.float32)
    batch = images, rng.integers(0, CLASSES, (n, height, width))
    build = partial(nets.SegNetBasic, c, CLASSES, width=features, rng=0)
    return training.Case(build, theirs, Segmentation(CLASSES), batch)


# ---------------------------------------------------------------- PyTorch on the same card


def torch_on_gpu():
    """The torch module, if it is installed and sees the card; else None."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    return torch if torch.cuda.is_available() else None


def precisions(torch):
    """(name, context, memory format) of each way to run PyTorch."""

    def with_tf32(allowed):
        @contextmanager
        def around():
            before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
            torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allowed
            torch.backends.cudnn.benchmark = True
            try:
                yield
            finally:
                torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before

        return around

    return (
        ("PyTorch float32", with_tf32(False), torch.contiguous_format),
        ("PyTorch TF32", with_tf32(True), torch.contiguous_format),
        ("PyTorch channels_last", with_tf32(True), torch.channels_last),
    )


def torch_convolution(part, shape, f, kernel, options):
    torch = torch_on_gpu()
    if torch is None:
        return {}
    ways, gradients = {}, torch.ops.aten.convolution_backward
    for name, around, order in precisions(torch):
        x = torch.randn(shape, device="cuda").to(memory_format=order)
        w = torch.randn((f, shape[1], kernel, kernel), device="cuda").to(memory_format=order)
        y = torch.nn.functional.conv2d(x, w, **options)
        pair = {n: [v, v] for n, v in {"stride": 1, "padding": 0, **options}.items()}

        def backward(mask, x=x, w=w, y=y, pair=pair):
            gradients(
                *(y, x, w, None, pair["stride"], pair["padding"], [1, 1], False, [0, 0], 1, mask)
            )

        call = {
            "forward": lambda x=x, w=w: torch.nn.functional.conv2d(x, w, **options),
            "input gradient": lambda backward=backward: backward([True, False, False]),
            "weight gradient": lambda backward=backward: backward([False, True, False]),
        }[part]
        ways[name] = (on_cupys_stream(torch, call), around)
    return ways


def torch_training_step(subject):
    """Batches come from the host in each step, as with ours."""
    torch = torch_on_gpu()
    if torch is None:
        return {}
    ways = {}
    for name, around, order in precisions(torch):
        net, loss = subject.theirs()
        net = net.to("cuda", memory_format=order)
        optimizer = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9)
        batch = [torch.from_numpy(array) for array in subject.batch]

        def call(net=net, loss=loss, optimizer=optimizer, batch=batch, order=order):
            images, *truth = (part.to("cuda") for part in batch)
            optimizer.zero_grad()
            loss(net, (images.contiguous(memory_format=order), *truth)).backward()
            optimizer.step()

        ways[name] = (on_cupys_stream(torch, call), around)
    return ways


def torch_pooling(part, shape, kernel, stride):
    """Pooling multiplies nothing: only the order of the numbers matters."""
    torch = torch_on_gpu()
    if torch is None:
        return {}
    orders = {
        "PyTorch float32": torch.contiguous_format,
        "PyTorch channels_last": torch.channels_last,
    }
    ways = {}
    for name, order in orders.items():
        x = torch.randn(shape, device="cuda").to(memory_format=order)
        call = torch_pooling_call(torch, part, x, kernel, stride)
        ways[name] = (on_cupys_stream(torch, call), ours)
    return ways


def torch_pooling_call(torch, part, x, kernel, stride):
    pool = partial(torch.nn.functional.max_pool2d, return_indices=True)
    y, switches = pool(x, kernel, stride)

    def unpool(down):
        size = x.shape[2:]
        return torch.nn.functional.max_unpool2d(down, switches, kernel, stride, output_size=size)

    def backward(function, leaf):
        leaf.requires_grad_()
        result = function(leaf)
        dy = torch.ones_like(result)
        return lambda: torch.autograd.grad(result, leaf, dy, retain_graph=True)

    if part == "pool":
        return partial(pool, x, kernel, stride)
    if part == "unpool":
        return partial(unpool, y)
    if part == "pool backward":
        return backward(lambda x: pool(x, kernel, stride)[0], x)
    return backward(unpool, y)


def on_cupys_stream(torch, call):
    """A call whose kernels go where CuPy's events are recorded."""
    import cupy

    stream = torch.cuda.ExternalStream(cupy.cuda.get_current_stream().ptr)

    def there():
        with torch.cuda.stream(stream):
            call()

    return there


# ---------------------------------------------------------------- what is shown


def table(report):
    """Milliseconds, then megabytes, with a column for each way."""
    rows, limits = report["rows"], report["limits"]
    ways = list(dict.fromkeys(way for row in rows for way in row["ms"]))
    lines = [
        ", ".join(f"{what} {value}" for what, value in report["machine"].items()),
        f"copy {limits['copy_gb_s']:.0f} GB/s, "
        f"matrix product {limits['matrix_tflop_s']:.1f} TFLOP/s",
        "",
        "Milliseconds. Beside ours: share of the card's limit; beside others: how many times ours.",
        *columns(ways, rows, partial(time_cell, limits=limits)),
        "",
        "The most memory during a call, in megabytes.",
        *columns(ways, rows, lambda row, way: f"{row['mb'][way]:.0f}{'':>7}"),
    ]
    return "\n".join(lines)


def columns(ways, rows, cell):
    """The lines of a table; what a row was not measured for stays empty."""
    first, _, last = zip(*(way.rpartition(" ") for way in ways), strict=True)
    for words in first, last:
        yield f"{'':<42}" + "".join(f"{word:>18}" for word in words).rstrip()
    for row in rows:
        cells = (cell(row, way) if way in row["ms"] else "" for way in ways)
        yield f"{row['name']:<42}" + "".join(f"{shown:>18}" for shown in cells).rstrip()


def time_cell(row, way, limits):
    ms, ours = row["ms"][way], row["ms"].get("kernels", np.nan)
    copying = 1e-6 * row["bytes"] / limits["copy_gb_s"]
    multiplying = 2e-9 * row["macs"] / limits["matrix_tflop_s"]
    share = max(copying, multiplying) / ms
    return f"{ms:.3f}" + (f"{share:>7.0%}" if way == "kernels" else f"{ms / ours:>7.2f}")


if __name__ == "__main__":
    main()
