"""The training loop."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nn_scratch.arguments import a_function, a_path, an_instance, optional, shown, whole
from nn_scratch.data import Loader
from nn_scratch.evaluation.display import display_name, display_value
from nn_scratch.geometry import flag
from nn_scratch.layers import Layer, inference_mode
from nn_scratch.training.distributed import world
from nn_scratch.training.optim import Optimizer, demand_parameters
from nn_scratch.training.run import DivergedError, Run, saving_to
from nn_scratch.training.tasks import Task

__all__ = ["DivergedError", "evaluate", "fit"]


def fit(
    net: Layer,
    task: Task,
    loader: Loader,
    optimizer: Optimizer,
    *,
    epochs: int,
    schedule: Callable[[int], float] | None = None,
    validation: Loader | None = None,
    checkpoint: str | Path | None = None,
    save_every: int = 100,
    settings: dict | None = None,
    notes: dict | None = None,
    progress: bool = True,
) -> dict[str, list]:
    """Train `net` for `epochs` passes over `loader`.

    task: Segmentation or Localization. schedule: from step number to learning rate; without one
    the optimizer's stays. validation: a Loader to evaluate on after every epoch.

    checkpoint: a file to save to after every `save_every` steps and every epoch, before it is
    evaluated. If it exists, the run goes on from there and ends with the same weights as one that
    was never interrupted. With validation, best.npz beside it is the checkpoint of the epoch that
    was best by task.best. Meanwhile no other process may write to that folder (output_folder).
    settings: what the run was started with; a checkpoint with other settings is refused. notes:
    what is saved beside them, and may change.

    Batches are moved to where the net is, which may be a GPU; the host waits for its losses every
    20th step only. With several processes every rank calls fit with the same arguments and gets
    the same history; only the first one reads and writes the checkpoint.

    Returns: the history. history["steps"] has a dict of losses for each step, history["epochs"] one
    for each epoch: means over the epoch, seconds, and the validation metrics. What has no value, as
    the loss of a batch without a label that counts, is NaN.

    Raises: DivergedError, naming the step, when the loss or a weight stops being finite; the last
    good checkpoint stays. CheckpointError if the checkpoint cannot be gone on from, and
    OutputError if its folder cannot be written to; TypeError or ValueError for a net without
    parameters, and for other arguments that are none.
    """
    demand_parameters(net)
    _able("task", task, "step", "evaluate")
    _able("loader", loader, "batches", "__len__")
    _able("optimizer", optimizer, "step", "state_dict")
    if validation is not None:
        _able("validation", validation, "batches", "__len__")
    epochs, save_every = whole("epochs", epochs), whole("save_every", save_every, 1)
    optional(a_function, "schedule", schedule)
    optional(a_path, "checkpoint", checkpoint)
    for name, value in ("settings", settings), ("notes", notes):
        optional(an_instance, name, value, dict)
    flag("progress", progress)
    with world().abort_together(), world().synchronized(net), saving_to(checkpoint) as folder:
        run = Run(net, optimizer, folder, checkpoint, settings, notes)
        run.resume()
        talkative = progress and world().rank == 0
        for epoch in range(len(run.history["epochs"]), epochs):
            begin = time.perf_counter()
            _train(run, task, loader, epoch, epochs, schedule, save_every, talkative)
            summary = {"epoch": epoch + 1, **run.means(epoch * len(loader))}
            if validation is not None:
                run.save()
                summary |= evaluate(net, task, validation)
            summary["seconds"] = time.perf_counter() - begin
            run.history["epochs"].append(summary)
            run.save_if_best(task.best)
            run.save()
            if talkative:
                tqdm.write(_line(summary, epochs))
    return run.history


def evaluate(net: Layer, task: Task, loader: Loader) -> dict[str, Any]:
    """Evaluate the net, in evaluation mode, on the loader's epoch 0.

    Returns: the task's metrics, by name.
    Raises: TypeError for what is no net, task or loader.
    """
    an_instance("net", net, Layer)
    _able("task", task, "evaluate")
    _able("loader", loader, "batches")
    was_training = net.training
    net.eval()
    try:
        with inference_mode(net):
            return task.evaluate(net, loader.batches(part=world().part))
    finally:
        net.train(was_training)


def _able(name, value, *methods):
    """What has these methods, whatever its class."""
    missing = [method for method in methods if not hasattr(value, method)]
    if missing:
        raise TypeError(f"{name} is {shown(value)}, but must have {' and '.join(missing)}")


def _train(run, task, loader, epoch, epochs, schedule, save_every, talkative):
    """The steps that are left of an epoch."""
    net, optimizer, first = run.net, run.optimizer, epoch * len(loader)
    net.train()
    bar = tqdm(
        loader.batches(epoch, start=run.step - first, part=world().part),
        desc=f"epoch {epoch + 1:>2}/{epochs}",
        initial=run.step - first,
        total=len(loader),
        leave=False,
        disable=None if talkative else True,
    )
    for batch in bar:
        if schedule:
            optimizer.lr = schedule(run.step)
        net.zero_grad()
        run.note(task.step(net, batch))
        world().sum_gradients(net)
        optimizer.step()
        if run.history["steps"]:
            last = run.history["steps"][-1]
            bar.set_postfix({name: display_value(value) for name, value in last.items()})
        if run.step % save_every == 0 and run.step < first + len(loader):
            run.save()
    run.fetch()


def _line(summary, epochs):
    """One line about an epoch, without the metrics that are lists."""
    numbers = {n: v for n, v in summary.items() if isinstance(v, float) and n != "seconds"}
    shown = "  ".join(f"{display_name(n)} {display_value(v)}" for n, v in numbers.items())
    return f"epoch {summary['epoch']:>2}/{epochs}  {shown}  {summary['seconds']:.0f} s"
