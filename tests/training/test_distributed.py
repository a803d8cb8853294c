"""Several processes that train one net: really started, two and three of them."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers import assert_close, draw
from nn_scratch import ops
from nn_scratch.training import RanksError, distributed, world
from nn_scratch.training.distributed import SingleProcess

MPIEXEC = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")
if not importlib.util.find_spec("mpi4py"):
    MPIEXEC = None

needs_mpi = pytest.mark.skipif(
    MPIEXEC is None, reason="mpi4py or mpiexec is missing: pip install -e '.[mpi]'"
)

# 7 samples in batches of 3: the last batch is one sample, less than there are ranks. The ranks
# begin with different nets: the first one's counts.
SCRIPT = """
import json, sys
import numpy as np
from nn_scratch.data import Loader
from nn_scratch.data.collate import collate_objects
from nn_scratch.nets import CenterNet, Localizer, SegNet, SlidingDetector
from nn_scratch.training import SGD, Detection, Localization, Segmentation, evaluate, fit, world

kinds, out, epochs = sys.argv[1].split(","), sys.argv[2], int(sys.argv[3])
ranks = world()

class Noise:
    def __init__(self, kind):
        self.kind = kind
        if kind in ("points", "windows"):
            self.collate = collate_objects

    def __len__(self):
        return 7

    def sample(self, epoch, index):
        rng = np.random.default_rng([epoch, index])
        image = rng.standard_normal((2, 16, 16))
        if self.kind == "localization":
            return image, rng.integers(3), rng.uniform(1, 8, 4)
        if self.kind in ("points", "windows"):  # none at all in every third image
            many = index % 3
            corners, sizes = rng.uniform(0, 10, (many, 2)), rng.uniform(1, 6, (many, 2))
            boxes, difficult = np.concatenate([corners, sizes], axis=1), rng.random(many) < 0.2
            return image, rng.integers(0, 3, many), boxes, difficult
        if self.kind == "fails" and ranks.rank == 1 and epoch == 1:
            raise OSError("the disk of this rank is gone")
        labels = rng.integers(0, 4, (16, 16))
        labels[:: 2 + index % 3] = 9  # other ranks have other numbers of labels that count
        return image, labels

def made(kind):
    options = {"rng": ranks.rank, "dtype": np.float64}
    if kind == "localization":
        return Localizer(2, 3, (16, 16), (4, 5), 7, **options), Localization()
    if kind == "points":
        return CenterNet(2, 3, (4, 5), stride=2, head_width=4, **options), Detection(3)
    if kind == "windows":
        net = Localizer(2, 4, (10, 10), (4,), 5, padding="valid", **options)
        return SlidingDetector(net, 10), Detection(3)
    weights = np.array([1.0, 2.0, 0.5, 3.0])
    return SegNet(2, 4, (3, 5), **options), Segmentation(4, class_weights=weights, ignore_index=9)

for kind in kinds:
    net, task = made(kind)
    loader = Loader(Noise(kind), 3, shuffle=True, seed=5)
    optimizer = SGD(net, 0.1, momentum=0.9)
    history = fit(net, task, loader, optimizer, epochs=epochs, checkpoint=f"{kind}-{out}.npz",
                  validation=loader, progress=False)
    metrics = ranks.all_gather(evaluate(net, task, loader))
    assert all(m == metrics[0] for m in metrics), kind
    weights = ranks.all_gather(net.state_dict())
    assert all(np.array_equal(w[n], weights[0][n]) for w in weights for n in w), kind
    if ranks.rank == 0:
        with open(f"{kind}-{out}.json", "w") as file:
            json.dump({"history": history, "metrics": metrics[0], "ranks": ranks.size}, file)
"""
KINDS = "segmentation", "localization", "points", "windows"


def run(n, *arguments, cwd):
    """Run SCRIPT in n processes."""
    start = [MPIEXEC, "-n", str(n)] if n > 1 else []
    return subprocess.run(
        [*start, sys.executable, "-c", SCRIPT, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "NN_SCRATCH_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def result(folder, name):
    with np.load(folder / f"{name}.npz") as archive:
        arrays = {k: archive[k] for k in archive.files if k != "record"}
    return arrays, json.loads((folder / f"{name}.json").read_text())


def assert_same_run(folder, one, other):
    (arrays, report), (arrays_2, report_2) = result(folder, one), result(folder, other)
    assert arrays.keys() == arrays_2.keys()
    for name, array in arrays.items():
        assert_close(arrays_2[name].astype(float), array.astype(float), scale=100)
    for step, step_2 in zip(report["history"]["steps"], report_2["history"]["steps"], strict=True):
        assert step_2 == pytest.approx(step, rel=1e-10)
    metrics, metrics_2 = report["metrics"], report_2["metrics"]
    for name, value in metrics.items():
        assert metrics_2[name] == pytest.approx(value)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the results of every kind, on one, two and three ranks."""
    folder = tmp_path_factory.mktemp("ranks")
    for n in 1, 2, 3:
        done = run(n, ",".join(KINDS), f"on{n}", 3, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
@needs_mpi
@pytest.mark.parametrize("kind", KINDS)
def test_ranks_train_the_net_that_one_process_trains(kind, trained):
    for n in 1, 2, 3:
        assert result(trained, f"{kind}-on{n}")[1]["ranks"] == n
    assert_same_run(trained, f"{kind}-on1", f"{kind}-on2")
    assert_same_run(trained, f"{kind}-on1", f"{kind}-on3")


@pytest.mark.slow
@needs_mpi
def test_a_run_goes_on_with_another_number_of_ranks(trained):
    for n, epochs in (2, 1), (1, 2), (3, 3):
        done = run(n, "segmentation", "changing", epochs, cwd=trained)
        assert done.returncode == 0, done.stderr
    assert_same_run(trained, "segmentation-on1", "segmentation-changing")


@needs_mpi
def test_a_rank_that_fails_stops_all_with_its_message(tmp_path):
    done = run(2, "fails", "failing", 2, cwd=tmp_path)
    assert done.returncode != 0
    assert "rank 1 of 2 failed:" in done.stderr and "the disk of this rank is gone" in done.stderr


@pytest.fixture
def photographs(tmp_path):
    """A folder with few images, and a table of their boxes."""
    (tmp_path / "data" / "images").mkdir(parents=True)
    lines = ["filename,label,xmin,ymin,xmax,ymax"]
    for index in range(12):
        pixels = np.uint8(255 * draw(24, 32, 3, seed=index).clip(0, 1))
        Image.fromarray(pixels).save(tmp_path / "data" / "images" / f"{index:02}.png")
        lines.append(f"{index:02}.png,thing,{index},3,{index + 10},{12 + index % 3}")
    (tmp_path / "data" / "boxes.csv").write_text("\n".join(lines))
    return tmp_path / "data"


@pytest.mark.slow
@needs_mpi
@pytest.mark.parametrize("launcher, option", [([MPIEXEC, "-n", "2"], []), ([], ["--processes=2"])])
def test_the_command(launcher, option, photographs, tmp_path):
    command = [*launcher, sys.executable, "-m", "nn_scratch", "train", "localization", *option]
    done = subprocess.run(
        [*command, "--data", photographs, "--epochs", "1", "--out", tmp_path / "run"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.count("checkpoint.npz") == 1  # only the first rank speaks
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        ".nn-scratch.json",
        "best.npz",
        "checkpoint.npz",
        "history.json",
        "picture.png",
    }


def test_processes_start_with_the_same_arguments(monkeypatch):
    """And what they are, they do not start again."""
    monkeypatch.setattr(distributed.shutil, "which", lambda name, path=None: f"/bin/{name}")
    monkeypatch.setattr(distributed.importlib.util, "find_spec", lambda name: name)
    started = []
    done = subprocess.CompletedProcess([], 7)
    monkeypatch.setattr(distributed.subprocess, "run", lambda c: started.append(c) or done)
    arguments = ["train", "segmentation", "--processes", "3"]
    assert distributed.on_processes(3, arguments) == 7
    assert started == [["/bin/mpiexec", "-n", "3", sys.executable, "-m", "nn_scratch", *arguments]]
    assert distributed.on_processes(1, arguments) is None
    monkeypatch.setattr(distributed, "world", lambda: Ranks(3))
    assert distributed.on_processes(3, arguments) is None
    assert len(started) == 1


class Ranks(SingleProcess):
    def __init__(self, size):
        self.size = size


@pytest.mark.parametrize(
    "count, size, message",
    [
        (0, 1, "--processes is 0, but must be at least 1"),
        (-2, 1, "--processes is -2, but must be at least 1"),
        (2, 3, "a launcher started 3 processes, but --processes is 2: leave one of both out"),
        (2, 1, r"--processes 2 needs mpi4py .* pip install -e '\.\[mpi\]'"),
    ],
)
def test_processes_that_cannot_be_started(count, size, message, monkeypatch):
    monkeypatch.setattr(distributed, "world", lambda: Ranks(size))
    monkeypatch.setattr(distributed.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RanksError, match=message):
        distributed.on_processes(count, [])


def test_without_a_launcher_there_is_one_rank(monkeypatch):
    monkeypatch.delenv("PMI_SIZE", raising=False)
    monkeypatch.delenv("OMPI_COMM_WORLD_SIZE", raising=False)
    assert world().size == 1
    monkeypatch.setenv("PMI_SIZE", "1")
    assert world().size == 1


def test_a_launcher_without_mpi4py_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(RanksError, match=r"2 processes .* pip install -e '\.\[mpi\]'"):
        world()


@pytest.mark.slow
@needs_mpi
def test_a_launcher_of_another_mpi_library_is_an_error():
    """Else every process would believe to be alone, and all would write the same files."""
    code = "from nn_scratch.training import world; world()"
    environment = {**os.environ, "OMPI_COMM_WORLD_SIZE": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert "2 processes were started, but mpi4py sees 1" in done.stderr


def test_parts_cover_the_batch():
    class Third(SingleProcess):
        size = 3

    for count in range(8):
        covered = []
        for rank in range(3):
            third = Third()
            third.rank = rank
            covered += list(range(count))[third.part(count)]
        assert covered == list(range(count))


@pytest.mark.parametrize("sizes", [(3, 3), (5, 1), (6, 0)])
def test_batch_norm_over_parts_is_batch_norm_of_the_whole(sizes):
    """Two threads stand for the two processes. The mean is far from 0, which must not cancel."""
    x, dy = 1e3 + draw(6, 3, 4, 5), draw(6, 3, 4, 5, seed=1)
    w, b, mean, var = draw(3, seed=2), draw(3, seed=3), draw(3, seed=4), np.ones(3)
    y, statistics, running = ops.batch_norm2d(x, w, b, mean, var)
    dx, dw, db = ops.batch_norm2d_backward(dy, x, w, statistics)

    given, barrier, parts = {}, threading.Barrier(2, timeout=20), [None, None]

    def work(rank, here):
        def all_reduce(array):
            given[rank] = array
            barrier.wait()
            total = given[0] + given[1]
            barrier.wait()
            return total

        forward = ops.batch_norm2d(x[here], w, b, mean, var, all_reduce=all_reduce)
        parts[rank] = (
            *forward,
            *ops.batch_norm2d_backward(dy[here], x[here], w, forward[1], all_reduce=all_reduce),
        )

    slices = slice(0, sizes[0]), slice(sizes[0], 6)
    others = [threading.Thread(target=work, args=pair) for pair in enumerate(slices)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert_close(np.concatenate([part[0] for part in parts]), y, scale=1e4)
    assert_close(np.concatenate([part[3] for part in parts]), dx, scale=1e4)
    assert_close(parts[0][4] + parts[1][4], dw, scale=1e4)
    assert_close(parts[0][5] + parts[1][5], db)
    for part in parts:
        for ours, expected in zip((*part[1], *part[2]), (*statistics, *running), strict=True):
            assert_close(ours, expected, scale=10)


class Communicator:
    """An MPI whose Abort returns, as MPICH's does for some milliseconds."""

    def __init__(self):
        self.aborted = []

    def Abort(self, code):
        self.aborted.append(code)


@pytest.mark.parametrize(
    "error", [RuntimeError("a rank fails"), KeyboardInterrupt(), SystemExit(0)]
)
def test_a_rank_that_aborts_says_why_once_and_does_nothing_more(error, monkeypatch, capsys):
    monkeypatch.setattr(distributed, "FORWARDING", 0)
    processes = distributed.MpiProcesses.__new__(distributed.MpiProcesses)
    processes.communicator, processes.rank, processes.size = Communicator(), 1, 3
    done = []
    with pytest.raises(SystemExit) as stop, processes.abort_together():
        with processes.abort_together():  # fit within the command
            raise error
        done.append("the results")
    assert stop.value.code == 1 and not done
    assert processes.communicator.aborted == [1]
    assert capsys.readouterr().err.count("rank 1 of 3 failed:") == 1


@pytest.mark.slow
@needs_mpi
@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ("train segmentation --epochs 0", "--epochs is 0, but must be a whole number from 1 on"),
        ("train segmentation --data none", "there is no folder"),
        ("train segmentation --nonsense", "unrecognized arguments: --nonsense"),
        ("compare localization --nets nothing", "nothing"),
    ],
)
def test_a_wrong_call_is_said_once(arguments, sentence, tmp_path):
    command = [MPIEXEC, "-n", "2", sys.executable, "-m", "nn_scratch", *arguments.split()]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and sentence in done.stderr
    assert not done.stdout


def test_what_all_ranks_agree_on_is_said_by_the_first(monkeypatch):
    """Also out of a context within another; the others end without a word."""
    for rank, raised in (0, distributed.RanksError), (1, SystemExit):
        processes = distributed.MpiProcesses.__new__(distributed.MpiProcesses)
        processes.communicator, processes.rank, processes.size = Communicator(), rank, 2
        processes.agreed, met = None, []
        monkeypatch.setattr(processes, "_all_fail", lambda met=met: met.append(1) or True)
        with pytest.raises(raised), processes.abort_together(), processes.abort_together():
            raise distributed.RanksError("the user's mistake")
        assert met == [1] and not processes.communicator.aborted
