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
from nn_scratch.layers.inference import evaluation_mode
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

    task: a Segmentation, Localization or Detection, or an object with the methods `step` and
        `evaluate` of one.
    schedule: a function from the number of the step to the learning rate; by default, the
        optimizer's learning rate stays.
    validation: a Loader to evaluate on after every epoch.
    checkpoint: a file. It is saved after every `save_every` steps, and after every epoch before the
        evaluation. If it exists, the run continues from it, and ends with the same weights as a run
        that was never interrupted. With validation, best.npz beside it is the checkpoint of the
        epoch that was best by the metric task.best. No other process may write to the folder
        meanwhile.
    settings: values saved in the checkpoint; a checkpoint with other settings is refused.
    notes: further values saved in the checkpoint, which may differ when the run continues.
    progress: whether to show a progress bar, and a line for each epoch.

    Batches are moved to the device of the net. On a GPU, the host waits for the losses only at
    every 20th step. If several processes train together, every rank calls fit with the same
    arguments and gets the same history; only the first rank reads and writes the checkpoint.

    Returns: the history. history["steps"] has a dict of losses for each step. history["epochs"] has
        a dict for each epoch, with the means of the losses over the epoch, the validation metrics
        and seconds. A loss without a value, as that of a batch in which no label counts, is NaN.
    Raises: DivergedError, with the number of the step, if the loss or a weight is no longer finite;
        the last good checkpoint is kept. CheckpointError if the run cannot continue from the
        checkpoint; OutputError if its folder cannot be written to; TypeError or ValueError for a
        net without parameters, and for arguments of a wrong kind.
    """
    demand_parameters(net)
    _demand_methods("task", task, "step", "evaluate")
    _demand_methods("loader", loader, "batches", "__len__")
    _demand_methods("optimizer", optimizer, "step", "state_dict")
    if validation is not None:
        _demand_methods("validation", validation, "batches", "__len__")
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
    """Evaluate the net in evaluation mode on the batches of the loader's epoch 0.

    Returns: the task's metrics, by name.
    Raises: TypeError if an argument is not a net, a task or a loader.
    """
    an_instance("net", net, Layer)
    _demand_methods("task", task, "evaluate")
    _demand_methods("loader", loader, "batches")
    with evaluation_mode(net), inference_mode(net):
        return task.evaluate(net, loader.batches(part=world().part))


def _demand_methods(name, value, *methods):
    """Raise TypeError unless the value has these methods; its class does not matter."""
    missing = [method for method in methods if not hasattr(value, method)]
    if missing:
        raise TypeError(f"{name} is {shown(value)}, but must have {' and '.join(missing)}")


def _train(run, task, loader, epoch, epochs, schedule, save_every, talkative):
    """Make the steps of an epoch that are not made yet."""
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
    """The line that is printed after an epoch; metrics that are lists are left out."""
    numbers = {n: v for n, v in summary.items() if isinstance(v, float) and n != "seconds"}
    shown = "  ".join(f"{display_name(n)} {display_value(v)}" for n, v in numbers.items())
    return f"epoch {summary['epoch']:>2}/{epochs}  {shown}  {summary['seconds']:.0f} s"
