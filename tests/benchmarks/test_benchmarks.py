"""The benchmarks run and write what they say; how fast anything is decides no test."""

import json
import subprocess
import sys
import types
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import gpu_kernels
import pytest

import gpu
from backends import device_of

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def run(capsys):
    """A function that runs a benchmark and returns what it prints."""

    def main(name, *arguments):
        import_module(name).main([*map(str, arguments)])
        return capsys.readouterr().out

    return main


@pytest.mark.slow
@pytest.mark.parametrize("only", ["conv", "max_", "batch"])
def test_ops(only, run, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    file = tmp_path / "cpu.json"
    shown = run("cpu", "--tiny", "--rounds", 1, "--only", only, "--json", file)
    report = json.loads(file.read_text())
    assert report["limits"]["sgemm_gflops"] > 0
    for row in report["rows"]:
        assert row["name"].startswith(only)
        assert row["ours"]["median"] >= row["ours"]["best"] > 0
        assert f"{row['name']:<26}{row['shape']}" in shown


@pytest.mark.slow
def test_training_steps(run, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    file = tmp_path / "training.json"
    few = "--rounds", 1, "--seconds", 0.1
    shown = run("training", "--tiny", *few, "--only", "FCN", "--json", file)
    rows = json.loads(file.read_text())["rows"]
    assert {row["way"] for row in rows} >= {"PyTorch", "threads"}
    for row in rows:
        assert row["median_ms"] >= row["best_ms"] > 0 and row["peak_mb"] > 10
        assert f"{row['net']:<28}{row['way']}" in shown


@pytest.mark.slow
def test_where_the_time_of_a_step_goes(tmp_path):
    file = tmp_path / "split.json"
    # In a process of its own, for it puts clocks around functions.
    command = [sys.executable, BENCHMARKS / "split.py", "--tiny", "--only", "FCN", "--steps", "1"]
    done = subprocess.run([*command, "--json", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads(file.read_text())["rows"]
    assert rows[0]["threads"] == 1 and len(rows) == 2
    for row in rows:
        assert sum(row["shares"].values()) == pytest.approx(1)
        assert row["shares"]["matrix products"] > 0 and "matrix products" in done.stdout


def test_two_result_files_row_by_row(run, tmp_path):
    names = "before", "after"
    for name, ours in zip(names, (4.0, 3.0), strict=True):
        rows = [
            {"name": "conv2d", "shape": "8×8", "ours": {"median": ours}, "torch": {"median": 2.0}},
            {"net": "FCN", "way": "threads", "median_ms": 10 * ours, "peak_mb": 7.5},
            {"net": "only " + name, "way": "ranks", "median_ms": 1.0},
        ]
        report = {"machine": {"cpu": name}, "rows": rows}
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    shown = run("compare", *(tmp_path / f"{name}.json" for name in names))
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "conv2d 8×8 ours 4.00 3.00 0.75" in lines
    assert "conv2d 8×8 ours/torch 2.00 1.50 0.75" in lines
    assert "FCN threads 40.00 30.00 0.75" in lines
    assert "geometric mean of 1 ratios, threads: 0.750" in lines
    assert (
        "only in before: only before ranks" in lines and "only in after: only after ranks" in lines
    )


@pytest.mark.slow
def test_cost_against_size(run, tmp_path):
    shown = run("cost", "--tiny", "--out", tmp_path)
    report = json.loads((tmp_path / "cost.json").read_text())
    assert report["large image"]["scores"] == [1, 12, 256, 256]
    for curve in report["curves"]:
        assert len(curve["ms"]) == len(curve["amounts"]) > 2 and curve["op"] in shown
    assert (tmp_path / "cost.png").stat().st_size > 10_000


def test_sliding_window(run, tmp_path):
    file = tmp_path / "sliding_window.json"
    run("sliding_window", "--size", 12, "--images", 1, "--rounds", 1, "--json", file)
    rows = json.loads(file.read_text())["rows"]
    assert len(rows) == 4
    for slid, at_once in zip(rows[::2], rows[1::2], strict=True):
        assert slid["macs"] > 3 * at_once["macs"] and slid["difference"] < 1e-5


@pytest.mark.slow
def test_the_gpu_benchmark_runs_on_the_stand_in(tmp_path, monkeypatch, capsys):
    """And when it is called again, it measures nothing again."""
    monkeypatch.setattr(gpu, "ROUNDS", 1)
    monkeypatch.setattr(gpu, "CALLS", 1)
    monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")  # g++ would take a minute
    monkeypatch.setattr(gpu, "plain", gpu.ours)
    file = tmp_path / "gpu.json"
    with device_of("stand-in"):
        gpu.main(["--tiny", "--json", str(file)])
        report = json.loads(file.read_text())
        assert len(report["rows"]) == 3 * len(gpu.CONVOLUTIONS) + 4 * len(gpu.POOLS) + 4
        assert all(ms > 0 for row in report["rows"] for ms in row["ms"].values())
        shown = capsys.readouterr().out
        assert "training step, SegNet-Basic" in shown and "GB/s" in shown
        gpu.main(["--tiny", "--json", str(file)])
    assert json.loads(file.read_text())["rows"] == report["rows"]


@pytest.mark.slow
def test_the_gpu_benchmark_asks_pytorch_for_the_same(tmp_path, monkeypatch, capsys):
    """PyTorch's calls, on the CPU instead of a card."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(gpu, "ROUNDS", 1)
    monkeypatch.setattr(gpu, "CALLS", 1)
    monkeypatch.setattr(gpu, "CONVOLUTIONS", {"2": ((2, 4, 54, 48), 5, 3, {"stride": 2})})
    monkeypatch.setattr(gpu, "POOLS", {"3": ((2, 4, 54, 48), 3, 2)})
    monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")
    monkeypatch.setattr(gpu, "plain", gpu.ours)
    streams = set()
    monkeypatch.setattr(torch.cuda, "ExternalStream", streams.add)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: nullcontext())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 3e6)
    module_to = torch.nn.Module.to
    monkeypatch.setattr(
        torch.nn.Module, "to", lambda net, _, **options: module_to(net, "cpu", **options)
    )
    file = tmp_path / "gpu.json"
    with device_of("stand-in"), cpu_for_cuda(torch):
        gpu.main(["--tiny", "--json", str(file)])
    assert streams == {1}  # ours; 0 would be one of PyTorch's own choice
    rows = json.loads(file.read_text())["rows"]
    assert len(rows) == 3 + 4 + 4
    for row in rows:
        three = {"PyTorch float32", "PyTorch TF32", "PyTorch channels_last"}
        expected = three - {"PyTorch TF32"} if "pool" in row["name"] else three
        assert set(row["ms"]) == set(row["mb"]) == {"kernels", "plain CuPy"} | expected
        assert min(row["ms"].values()) > 0 and row["mb"]["PyTorch float32"] == 3
    lines = capsys.readouterr().out.splitlines()
    assert not any(line != line.rstrip() for line in lines)
    assert sum("channels_last" in line for line in lines) == 2  # a column of each table


def cpu_for_cuda(torch):
    """Within, tensors that are asked for on the card are made on the CPU."""

    class Mode(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, arguments=(), options=None):
            options = {n: "cpu" if v == "cuda" else v for n, v in (options or {}).items()}
            arguments = ("cpu" if isinstance(a, str) and a == "cuda" else a for a in arguments)
            return function(*arguments, **options)

    return Mode()


def test_what_does_not_fit_the_card_is_left_out():
    def columns():
        raise MemoryError

    assert gpu.fits(lambda: None, gpu.ours) and not gpu.fits(columns, gpu.ours)
    row = {"name": "conv", "ms": {"kernels": 2.0}, "mb": {"kernels": 5}, "bytes": 1, "macs": 1}
    other = {
        **row,
        "ms": {"kernels": 2.0, "plain CuPy": 3.0},
        "mb": {"kernels": 5, "plain CuPy": 7},
    }
    limits = {"copy_gb_s": 1, "matrix_tflop_s": 1}
    shown = gpu.table({"machine": {}, "limits": limits, "rows": [row, other]})
    assert shown.count("2.000") == 2 and shown.count("3.000   1.50") == 1


@pytest.mark.slow
def test_parity(run, tmp_path, few_scenes):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    file = tmp_path / "parity.json"
    run("parity", "--scenes", 32, "--epochs", 2, "--seeds", 0, "--json", file)
    rows = json.loads(file.read_text())["rows"]
    steps = {"segmentation": 2, "localization": 2, "detection": 4}
    assert {row["task"]: row["steps"] for row in rows} == steps
    for row in rows:  # after so few steps, rounding has not grown yet
        assert abs(row["ours"] - row["torch"]) < 0.002


@pytest.mark.slow
def test_ways(run, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    file = tmp_path / "ways.json"
    shown = run("ways", "--tiny", "--rounds", 1, "--json", file)
    rows = json.loads(file.read_text())["rows"]
    assert {row["kind"] for row in rows} == {"op", "step"}
    for row in rows:
        assert row["ratio"] > 0 and row["way"] in shown


def test_the_kernels_of_a_step_are_added_up_by_name(tmp_path, capsys):
    written, file = tmp_path / "step.csv", tmp_path / "gpu_kernels.json"
    written.write_text(
        "==PROF== Connected\nloss 3.2\n"
        '"ID","Kernel Name","Grid Size","Metric Unit","Metric Value"\n'
        '"0","void cub::Reduce<cub::Policy<float>, float>(T1, T2)","(1, 1, 1)","ns","2,500"\n'
        '"1","gather","(43, 191, 1)","ns","1,090,496"\n'
        '"2","gather","(4, 1, 1)","ns","9,504"\n'
    )
    gpu_kernels.main(["--read", str(written), "--card", "this one", "--json", str(file)])
    report = json.loads(file.read_text())
    assert report["kernels"] == {"gather": [2, 1.1], "Reduce": [1, 0.0025]}
    assert next(iter(report["kernels"])) == "gather" and report["card"] == "this one"
    assert "1.100 ms" in capsys.readouterr().out


def test_the_step_that_is_profiled_is_one_training_step(monkeypatch):
    calls = []
    with device_of("stand-in"):
        import cupy

        profiler = types.SimpleNamespace(
            start=lambda: calls.append("start"), stop=lambda: calls.append("stop")
        )
        device = types.SimpleNamespace(synchronize=lambda: calls.append("wait"))
        monkeypatch.setattr(cupy.cuda, "profiler", profiler, raising=False)
        monkeypatch.setattr(cupy.cuda, "Device", lambda: device, raising=False)
        subject = gpu.segnet_basic(True)
        monkeypatch.setattr(gpu, "segnet_basic", lambda tiny: subject)
        step = subject.task.step
        monkeypatch.setattr(
            type(subject.task), "step", lambda task, *a: (calls.append("step"), step(*a))[1]
        )
        monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")
        gpu_kernels.main([])
    assert calls == ["step"] * gpu_kernels.WARM_UP + ["wait", "start", "step", "wait", "stop"]


def test_nets_that_come_with_the_package_on_other_scenes(run, tmp_path):
    file, name = tmp_path / "seeds.json", "digits-localization"
    shown = run("pretrained", name, "--seeds", 3, 4, "--scenes", 60, "--json", file)
    (report,) = json.loads(file.read_text()).values()
    assert report["scenes"] == 60 and shown.count(name) == 2
    first, second = report["reached"]["3"], report["reached"]["4"]
    assert first != second and 0.7 < min(first, second) < max(first, second) < 0.85
