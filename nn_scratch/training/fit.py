"""The training loop."""

import math
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nn_scratch.backend import to_host, xp_of
from nn_scratch.evaluation.segmentation import spoken
from nn_scratch.layers import inference_mode
from nn_scratch.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from nn_scratch.training.distributed import ALONE
from nn_scratch.training.optim import demand_parameters

FETCH_EVERY = 20  # steps on a GPU; in between the host runs ahead and does not wait for it


class DivergedError(ArithmeticError):
    """The loss or a weight is no longer a finite number."""


def fit(
    net,
    task,
    loader,
    optimizer,
    *,
    epochs,
    schedule=None,
    validation=None,
    checkpoint=None,
    save_every=100,
    settings=None,
    progress=True,
    ranks=ALONE,
):
    """Train `net` for `epochs` passes over `loader` and return the history.

    task: Segmentation or Localization. schedule: from step number to learning rate; without one
    the optimizer's stays. validation: a Loader to evaluate on after every epoch.

    checkpoint: a file to save to after every `save_every` steps and every epoch. If it exists, the
    run goes on from there and ends with the same weights as one that was never interrupted. With
    validation, best.npz beside it is the checkpoint of the epoch that was best by task.best.
    settings: what the run was started with; a checkpoint with other settings is refused.

    Batches are moved to where the net is, which may be a GPU. Losses are fetched from there every
    FETCH_EVERY steps only, so that the host need not wait.

    history["steps"] has a dict of losses for each step, history["epochs"] one for each epoch:
    means over the epoch, seconds, and the validation metrics.

    ranks: the processes that share the batches, from ranks.world(). Every rank calls fit with the
    same arguments and gets the same history; only the first one reads and writes the checkpoint.

    Raises DivergedError, naming the step, when the loss or a weight stops being finite; the last
    good checkpoint stays; ValueError for a net without parameters.
    """
    demand_parameters(net)
    with ranks.stop_together(), ranks.synchronized(net):
        run = _Run(net, optimizer, checkpoint, settings, ranks)
        run.resume()
        history, talkative = run.history, progress and ranks.rank == 0
        for epoch in range(run.step // len(loader), epochs):
            first = epoch * len(loader)
            begin = time.perf_counter()
            net.train()
            bar = tqdm(
                loader.batches(epoch, start=run.step - first, part=ranks.part),
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
                run.note(task.step(net, batch, ranks))
                ranks.sum_gradients(net)
                optimizer.step()
                if history["steps"]:
                    last = history["steps"][-1]
                    bar.set_postfix({name: f"{value:.3f}" for name, value in last.items()})
                if run.step % save_every == 0 and run.step < first + len(loader):
                    run.save()

            run.fetch()
            summary = {"epoch": epoch + 1, **_means(history["steps"][first:])}
            if validation is not None:
                summary |= evaluate(net, task, validation, ranks)
            summary["seconds"] = time.perf_counter() - begin
            history["epochs"].append(summary)
            run.save_if_best(task.best)
            run.save()
            if talkative:
                tqdm.write(_line(summary, epochs))
    return history


def evaluate(net, task, loader, ranks=ALONE):
    """The task's metrics over the loader's epoch 0, with the net in evaluation mode."""
    was_training = net.training
    net.eval()
    try:
        with inference_mode(net):
            return task.evaluate(net, loader.batches(part=ranks.part), ranks)
    finally:
        net.train(was_training)


class _Run:
    """A run's history, and its way to and from the checkpoint file."""

    def __init__(self, net, optimizer, path, settings, ranks):
        self.net, self.optimizer, self.ranks = net, optimizer, ranks
        self.path = None if path is None else Path(path)
        self.settings = settings
        self.history = {"steps": [], "epochs": []}
        self.pending = []  # the losses of the last steps, which are still on the GPU

    @property
    def step(self):
        """How many steps have been made."""
        return len(self.history["steps"]) + len(self.pending)

    def note(self, losses):
        """Remember the losses of a step."""
        self.pending.append(losses)
        if self.net.device == "cpu" or len(self.pending) == FETCH_EVERY:
            self.fetch()

    def fetch(self):
        """Bring the losses that are pending into the history."""
        if not self.pending:
            return
        names = list(self.pending[0])
        xp = xp_of(self.pending[0]["loss"])
        table = xp.stack([xp.asarray(losses[name]) for losses in self.pending for name in names])
        for row in to_host(table).reshape(len(self.pending), len(names)).tolist():
            losses = dict(zip(names, row, strict=True))
            step = len(self.history["steps"])
            self.demand_finite(losses["loss"], f"the loss is {losses['loss']} at step {step}")
            self.history["steps"].append(losses)
        self.pending = []

    def resume(self):
        """Start every rank from what the first one has: its checkpoint, or else its net."""
        found = self._found() if self.ranks.rank == 0 else None
        found = self.ranks.broadcast(found)
        if found is not None:
            self.net.load_state_dict(found.net)
            self.optimizer.load_state_dict(found.optimizer)
            self.history = found.record["history"]

    def _found(self):
        """The checkpoint to go on from; without one, the state of things on this rank."""
        if self.path is None or not self.path.exists():
            return self._now() if self.ranks.size > 1 else None
        found = load_checkpoint(self.path)
        if found.record["settings"] != self.settings:
            raise CheckpointError(
                f"{self.path} belongs to a run with other settings ({found.record['settings']} "
                f"instead of {self.settings}): delete it, or save to another place"
            )
        return found

    def _now(self):
        record = {"settings": self.settings, "history": self.history}
        return Checkpoint(self.net.state_dict(), self.optimizer.state_dict(), record)

    def save_if_best(self, metric):
        """Keep the net beside the checkpoint if no earlier epoch was as good."""
        values = [summary.get(metric, -math.inf) for summary in self.history["epochs"]]
        if values[-1] > max(values[:-1], default=-math.inf):
            self.save("best.npz")

    def save(self, beside=None):
        """Write the checkpoint, or one of another name beside it."""
        self.fetch()
        if self.path is None or self.ranks.rank > 0:
            return
        for name, array in self.net.params.items():
            finite = np.isfinite(to_host(array)).all()
            last = len(self.history["steps"]) - 1
            self.demand_finite(
                0.0 if finite else math.nan, f"{name} is not finite after step {last}"
            )
        record = {"settings": self.settings, "history": self.history}
        path = self.path.with_name(beside or self.path.name)
        save_checkpoint(path, self.net, self.optimizer, record)

    def demand_finite(self, value, what):
        if math.isfinite(value):
            return
        kept = ""
        if self.path is not None and self.path.exists():
            kept = f"; the last good checkpoint is kept in {self.path}"
        raise DivergedError(
            f"{what} (counted from 0){kept}. A lower learning rate is the usual cure"
        )


def _means(steps):
    return {name: sum(s[name] for s in steps) / len(steps) for name in steps[0]}


def _line(summary, epochs):
    """One line about an epoch, without the metrics that are lists."""
    numbers = {n: v for n, v in summary.items() if isinstance(v, float) and n != "seconds"}
    shown = "  ".join(f"{spoken(name)} {value:.3f}" for name, value in numbers.items())
    return f"epoch {summary['epoch']:>2}/{epochs}  {shown}  {summary['seconds']:.0f} s"
