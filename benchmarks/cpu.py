"""How fast are the ops, beside PyTorch on the same cores?

    python benchmarks/cpu.py                     all, a few minutes
    python benchmarks/cpu.py --only conv2d       rows whose name begins so
    python benchmarks/cpu.py --rounds 1 --tiny   does it run at all?

Needs PyTorch. Each pair is timed alternately in one process with the same number of threads, warm,
and compared by its medians: on a machine with neighbours only ratios mean something. Writes a table
to standard output and everything to benchmarks/cpu.json (--json). DeZero and MyGrad are timed too
where they are installed and have the op.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from machine import geometric_mean, machine
from nn_scratch import ops
from nn_scratch.engine.cpu.threads import thread_count

F = torch.nn.functional
aten = torch.ops.aten
RNG = np.random.default_rng(0)
WARM_UP_SECONDS = 0.15

# batch, channels in and out, height, width, kernel, stride, padding
CONVOLUTIONS = [
    (1, 3, 32, 96, 128, 3, 1, 1),
    (8, 3, 32, 96, 128, 3, 1, 1),
    (32, 3, 16, 64, 64, 5, 1, 2),
    (32, 16, 32, 64, 64, 3, 1, 1),
    (8, 32, 64, 48, 64, 3, 1, 1),
    (8, 64, 64, 64, 64, 3, 1, 1),
    (1, 64, 64, 128, 128, 3, 1, 1),
    (16, 64, 128, 16, 16, 3, 1, 1),
    (8, 128, 128, 32, 32, 3, 1, 1),
    (16, 32, 64, 64, 64, 3, 2, 1),
    (8, 64, 64, 32, 32, 7, 1, 3),
    (8, 64, 128, 56, 56, 1, 1, 0),
    (2, 3, 32, 360, 360, 7, 2, 3),
    (16, 16, 32, 32, 32, 5, 1, 2),
]
TRANSPOSED = [
    (8, 64, 32, 24, 32, 4, 2, 1),
    (8, 64, 32, 24, 32, 2, 2, 0),
    (4, 21, 21, 24, 32, 8, 4, 2),
    (8, 32, 12, 48, 64, 4, 2, 1),
    (8, 64, 64, 48, 64, 3, 1, 1),
    (2, 12, 12, 23, 30, 16, 8, 4),
    (1, 128, 64, 32, 32, 3, 2, 1),
    (16, 32, 16, 32, 32, 5, 1, 2),
    (32, 16, 3, 32, 32, 4, 2, 1),
    (8, 64, 128, 28, 28, 1, 1, 0),
    (4, 32, 32, 90, 120, 2, 2, 0),
    (1, 12, 12, 45, 60, 4, 2, 1),
    (8, 64, 64, 32, 32, 7, 1, 3),
]
# batch, channels, height, width, kernel, stride, padding
POOLS = [(8, 32, 96, 128, 2, 2, 0), (8, 64, 48, 64, 2, 2, 0), (8, 64, 48, 64, 3, 2, 1)]
NORMS = [(8, 32, 96, 128), (8, 64, 48, 64), (8, 64, 24, 32), (32, 16, 64, 64)]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="rows whose name begins so")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="small shapes, to see that it runs")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("cpu.json"))
    options = parser.parse_args(arguments)

    torch.set_num_threads(thread_count())
    # glibc hands freed memory back, to be faulted in again by the next call, until it has seen that
    # large arrays come and go: let that be so for both from the start.
    np.empty(30_000_000, np.uint8)
    shrink = 8 if options.tiny else 1
    cases = [case for case in all_cases(shrink) if case[0].startswith(options.only)]
    warm_up, side = (0, 256) if options.tiny else (WARM_UP_SECONDS, 2048)
    before, rows = limits(side), []
    for name, shape, work, calls in tqdm(cases, disable=None, leave=False):
        times = alternate(calls, options.rounds, warm_up)
        rows.append({"name": name, "shape": shape, "gflop": work / 1e9, **times})
    report = {
        "machine": machine() | {"torch": torch.__version__},
        "limits": {what: max(before[what], value) for what, value in limits(side).items()},
        "rows": rows,
    }
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(table(report))


# ---------------------------------------------------------------- measuring


def alternate(calls, rounds, warm_up=WARM_UP_SECONDS):
    """Milliseconds of each call: {"ours": {"median": …, "best": …}, "torch": …}.

    Every round first repeats a call for `warm_up` seconds, until the other library's threads have
    stopped spinning and its own are awake.
    """
    seconds = {peer: [] for peer in calls}
    for _ in range(rounds):
        for peer, call in calls.items():
            end = time.perf_counter() + warm_up
            call()
            while time.perf_counter() < end:
                call()
            for _ in range(4):
                start = time.perf_counter()
                call()
                seconds[peer].append(time.perf_counter() - start)
    return {
        peer: {"median": 1e3 * statistics.median(s), "best": 1e3 * min(s)}
        for peer, s in seconds.items()
    }


def limits(side):
    """What this machine can do at most: GFLOP/s of a float32 matrix product, GB/s of a copy."""
    a = RNG.standard_normal((side, side), np.float32)
    source = np.ones(16 * side * side, np.float32)
    target = np.empty_like(source)
    times = alternate({"product": lambda: a @ a, "copy": lambda: np.copyto(target, source)}, 2)
    return {
        "sgemm_gflops": 2 * side**3 / times["product"]["best"] / 1e6,
        "copy_gb_per_s": 2 * source.nbytes / times["copy"]["best"] / 1e6,
    }


def table(report):
    """The rows as text, with the geometric mean of each name's ratios."""
    limit = report["limits"]
    lines = [
        ", ".join(f"{what} {value}" for what, value in report["machine"].items()),
        f"limits: {limit['sgemm_gflops']:.0f} GFLOP/s, copy {limit['copy_gb_per_s']:.1f} GB/s",
        f"{'':<26}{'shape':<34}{'ours ms':>9}{'PyTorch':>9}{'ratio':>7}{'of sgemm':>10}"
        f"{'DeZero':>9}{'MyGrad':>9}{'NumPy':>9}",
    ]
    ratios = {}
    for row in report["rows"]:
        ours, theirs = row["ours"]["median"], row["torch"]["median"]
        ratios.setdefault(row["name"], []).append(ours / theirs)
        share = row["gflop"] / ours * 1e3 / limit["sgemm_gflops"]
        lines.append(
            f"{row['name']:<26}{row['shape']:<34}{ours:>9.2f}{theirs:>9.2f}{ours / theirs:>7.2f}"
            + (f"{share:>10.0%}" if row["gflop"] else "")
            + ("" if row["gflop"] else f"{'':>10}")
            + "".join(
                f"{row[p]['median']:>9.2f}" if p in row else f"{'':>9}"
                for p in ("dezero", "mygrad", "numpy")
            )
        )
    lines.append("\ngeometric mean of the ratios (below 1: faster than PyTorch), and the worst")
    for name, values in ratios.items():
        lines.append(f"{name:<26}{geometric_mean(values):>6.2f}{max(values):>7.2f}")
    for peer in "dezero", "mygrad":
        times = [
            row[peer]["median"] / row["ours"]["median"] for row in report["rows"] if peer in row
        ]
        if times:
            lines.append(f"conv2d is {geometric_mean(times):.1f} times as fast as {peer}'s")
    for row in report["rows"]:
        if "numpy" in row:
            share = row["ours"]["median"] / row["numpy"]["median"]
            lines.append(f"{row['name']} takes {share:.2f} of three plain lines of NumPy")
    return "\n".join(lines)


# ---------------------------------------------------------------- cases: name, shape, flop, calls


def all_cases(shrink):
    """All cases, with heights and widths divided by `shrink`."""
    for name, shapes in ("conv2d", CONVOLUTIONS), ("conv_transpose2d", TRANSPOSED):
        for n, c, f, height, width, *geometry in shapes:
            yield convolution_case(name, n, c, f, height // shrink, width // shrink, *geometry)
    yield from small_cases()
    for shape in POOLS:
        yield from pool_cases(*shape[:2], shape[2] // shrink, shape[3] // shrink, *shape[4:])
    for n, c, height, width in NORMS:
        yield norm_case(n, c, height // shrink, width // shrink)


def new(*shape):
    return RNG.standard_normal(shape, np.float32)


def convolution_case(name, n, c, f, height, width, kernel, stride, padding):
    """conv2d or conv_transpose2d: forward, input gradient and weight gradient together."""
    transpose = name == "conv_transpose2d"
    forward, backward = getattr(ops, name), getattr(ops, f"{name}_backward")
    options = {"stride": stride, "padding": padding}
    x, w = new(n, c, height, width), new(*((c, f) if transpose else (f, c)), kernel, kernel)
    dy = new(*forward(x, w, **options).shape)
    tensors = [torch.from_numpy(a) for a in (dy, x, w)]
    pairs = [stride] * 2, [padding] * 2, [1, 1], transpose, [0, 0], 1, [True, True, True]

    def ours():
        forward(x, w, **options)
        backward(dy, x, w, **options)

    @torch.no_grad()
    def theirs():
        getattr(F, name)(*tensors[1:], **options)
        aten.convolution_backward(*tensors, [f], *pairs)

    calls = {"ours": ours, "torch": theirs}
    if not transpose:
        calls |= peers(x, w, dy, stride, padding)
    windows = x[0, 0].size if transpose else dy[0, 0].size
    work = 3 * 2 * n * c * f * kernel**2 * windows
    return name, f"{n}×{c}→{f} {height}×{width} k{kernel} s{stride}", work, calls


def small_cases():
    """So small that Python's calls take most of the time; beside three plain lines of NumPy."""
    x, w = new(2, 3, 8, 8), new(4, 3, 3, 3)
    dy = new(2, 4, 6, 6)
    tensors = [torch.from_numpy(a) for a in (dy, x, w)]
    pairs = [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [True, True, True]

    def lines(x, w):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
        y = np.tensordot(windows, w, ((1, 4, 5), (1, 2, 3)))  # (N, P, Q, F)
        return windows, np.ascontiguousarray(y.transpose(0, 3, 1, 2))

    def lines_and_gradients():
        windows, _ = lines(x, w)
        wide = np.pad(dy, ((0, 0), (0, 0), (2, 2), (2, 2)))
        lines(wide, w[:, :, ::-1, ::-1].swapaxes(0, 1))
        np.tensordot(dy, windows, ((0, 2, 3), (0, 2, 3)))  # (F, C, kh, kw)
        dy.sum(axis=(0, 2, 3))

    def with_gradients():
        ops.conv2d(x, w)
        ops.conv2d_backward(dy, x, w)

    @torch.no_grad()
    def theirs():
        F.conv2d(*tensors[1:])

    @torch.no_grad()
    def theirs_with_gradients():
        theirs()
        aten.convolution_backward(*tensors, [4], *pairs)

    for name, ours, torchs, plain in [
        ("conv2d alone, small", lambda: ops.conv2d(x, w), theirs, lambda: lines(x, w)),
        ("conv2d, small", with_gradients, theirs_with_gradients, lines_and_gradients),
    ]:
        calls = {"ours": ours, "torch": torchs, "numpy": plain}
        yield name, "2×3→4 8×8 k3 s1", 0, calls


def peers(x, w, dy, stride, padding):
    """The same convolution, forward and backward, in DeZero and MyGrad where installed."""
    found = {}
    try:
        vars(np)["int"] = int  # DeZero 0.0.13 still uses the name that NumPy 1.24 removed
        import dezero.functions as dezero_functions
        from dezero import Variable

        def dezero_call():
            a, b = Variable(x), Variable(w)
            y = dezero_functions.conv2d(a, b, stride=stride, pad=padding)
            y.grad = Variable(dy)
            y.backward()

        found["dezero"] = dezero_call
    except ImportError:
        pass
    try:
        import mygrad
        from mygrad.nnet.layers import conv_nd

        def mygrad_call():
            a, b = mygrad.tensor(x), mygrad.tensor(w)
            conv_nd(a, b, stride=stride, padding=padding).backward(dy)

        mygrad_call()
        found["mygrad"] = mygrad_call
    except ImportError:
        pass
    except ValueError:  # MyGrad takes no stride that leaves rows over
        pass
    return found


def pool_cases(n, c, height, width, kernel, stride, padding):
    """Max-pool with switches and, where windows are disjoint, unpooling; forward and backward."""
    x = new(n, c, height, width)
    geometry = {"kernel_size": kernel, "stride": stride, "padding": padding}
    y, switches = ops.max_pool2d(x, **geometry)
    dy = new(*y.shape)
    tensor, indices = torch.from_numpy(x), torch.from_numpy(switches.astype(np.int64))
    dy_tensor, size = torch.from_numpy(dy), (height, width)
    pairs = [kernel] * 2, [stride] * 2, [padding] * 2, [1, 1], False
    shape = f"{n}×{c} {height}×{width} k{kernel} s{stride}"
    yield (
        "max_pool2d",
        shape,
        0,
        {
            "ours": lambda: ops.max_pool2d(x, **geometry),
            "torch": lambda: F.max_pool2d(tensor, kernel, stride, padding, return_indices=True),
        },
    )
    yield (
        "max_pool2d_backward",
        shape,
        0,
        {
            "ours": lambda: ops.max_pool2d_backward(dy, switches, size, **geometry),
            "torch": lambda: aten.max_pool2d_with_indices_backward(
                dy_tensor, tensor, *pairs, indices
            ),
        },
    )
    if kernel != stride:
        return
    yield (
        "max_unpool2d",
        shape,
        0,
        {
            "ours": lambda: ops.max_unpool2d(dy, switches, size, **geometry),
            "torch": lambda: F.max_unpool2d(dy_tensor, indices, kernel, stride),
        },
    )
    flat = indices.flatten(2)
    yield (
        "max_unpool2d_backward",
        shape,
        0,
        {
            "ours": lambda: ops.max_unpool2d_backward(x, switches),
            "torch": lambda: torch.gather(tensor.flatten(2), 2, flat),
        },
    )


def norm_case(n, c, height, width):
    """Batch norm and ReLU, forward and backward."""
    x, dy, w, b = new(n, c, height, width), new(n, c, height, width), new(c), new(c)
    zeros, ones = np.zeros(c, np.float32), np.ones(c, np.float32)
    tensors = [torch.from_numpy(a).requires_grad_() for a in (x, w, b)]
    dy_tensor, running = torch.from_numpy(dy), (torch.zeros(c), torch.ones(c))

    def ours():
        y, statistics_, _ = ops.batch_norm2d(x, w, b, zeros, ones, relu=True)
        ops.batch_norm2d_backward(dy, x, w, statistics_, relu=True, y=y)

    def theirs():
        y = F.relu(F.batch_norm(tensors[0], *running, *tensors[1:], training=True))
        torch.autograd.grad(y, tensors, dy_tensor)

    return "batch_norm2d + relu", f"{n}×{c} {height}×{width}", 0, {"ours": ours, "torch": theirs}


if __name__ == "__main__":
    main()
