"""The state of a run of fit: its history, and its checkpoint file."""

import json
import math
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from nn_scratch import strict_json
from nn_scratch.backend import is_array, to_host, xp_of
from nn_scratch.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    write_checkpoint,
)
from nn_scratch.training.distributed import world
from nn_scratch.training.output_folder import output_folder

BEST = "best.npz"
FETCH_EVERY = 20  # steps on a GPU; in between, the host does not wait for losses


class DivergedError(ArithmeticError):
    """The loss or a weight is no longer finite."""


def saving_to(checkpoint):
    """A context with the OutputFolder of a checkpoint file. It gives None if nothing is to be
    saved, that is, without a file, and on all ranks but the first."""
    if checkpoint is None or world().rank > 0:
        return nullcontext()
    return output_folder(Path(checkpoint).parent)


class Run:
    """The history of losses, and the net and optimizer with the checkpoint that they are saved
    in."""

    def __init__(self, net, optimizer, folder, checkpoint, settings, notes):
        self.net, self.optimizer, self.folder = net, optimizer, folder
        self.path = None if checkpoint is None else Path(checkpoint)
        self.settings = json.loads(strict_json.dumps(settings))
        self.notes = notes or {}
        self.history = {"steps": [], "epochs": []}
        self.pending = []  # losses of the last steps that are not in the history yet

    @property
    def step(self):
        """The number of steps made so far."""
        return len(self.history["steps"]) + len(self.pending)

    # ------------------------------------------------------------ the history

    def note(self, losses):
        """Add the losses of a step, which may be arrays on a GPU."""
        self.pending.append(losses)
        if self.net.device == "cpu" or len(self.pending) == FETCH_EVERY:
            self.fetch()

    def fetch(self):
        """Move the pending losses into the history."""
        if not self.pending:
            return
        names = list(self.pending[0])
        values = [losses[name] for losses in self.pending for name in names]
        xp = xp_of(*(value for value in values if is_array(value)))
        table = xp.stack([xp.asarray(value, np.float64) for value in values])
        for row in to_host(table).reshape(len(self.pending), len(names)).tolist():
            losses = dict(zip(names, row, strict=True))
            step = len(self.history["steps"])
            if losses.pop("counts", 1):
                self.demand_finite(losses["loss"], f"the loss is {losses['loss']} at step {step}")
            self.history["steps"].append(losses)
        self.pending = []

    def means(self, first):
        """The mean of each loss over the steps from `first` on in which it is not NaN."""
        steps = self.history["steps"][first:]
        table = {name: [step[name] for step in steps] for name in steps[0]}
        known = {name: [v for v in values if not math.isnan(v)] for name, values in table.items()}
        return {n: sum(values) / len(values) if values else math.nan for n, values in known.items()}

    # ------------------------------------------------------------ the checkpoint

    def resume(self):
        """Start every rank from the first rank's checkpoint, or from its net if there is none."""
        found = world().broadcast(self._found() if world().rank == 0 else None)
        if found is not None:
            found.restore(self.net, self.optimizer)
            self.history = _with_nan(found.record["history"])
            _set_generators(self.net, found.record["generators"])

    def _found(self):
        """The checkpoint to continue from. Without one, several ranks start from the current state,
        so that all have the same, and a single process needs none."""
        if self.folder is not None and self.path.exists():
            found = self._proven(self.path.name)
            self.folder.adopt(self.path.name)
            if (self.path.with_name(BEST)).exists() and not self.folder.is_ours(BEST):
                self._proven(BEST)
                self.folder.adopt(BEST)
            return found
        if self.folder is not None:
            self.folder.demand_free(BEST)
        return self._now() if world().size > 1 else None

    def _proven(self, name):
        """Load the checkpoint of this name. Raises CheckpointError unless it is one of fit, with
        the same settings."""
        path = self.path.with_name(name)
        found = load_checkpoint(path)
        if not _is_complete(found.record):
            raise CheckpointError(
                f"{path} is no checkpoint of fit: it has no history to go on from"
            )
        different = differences(found.record["settings"], self.settings)
        if different:
            raise CheckpointError(
                f"{path} belongs to a run with other settings ({'; '.join(different)}): save to "
                "another folder (--out), or delete it to start afresh"
            )
        return found

    def _now(self):
        net, optimizer = self.net.state_dict(), self.optimizer.state_dict()
        optimizer = {name: to_host(array) for name, array in optimizer.items()}
        return Checkpoint(self.path or "the net", net, optimizer, self._record())

    def _record(self):
        return {
            "settings": self.settings,
            "notes": self.notes,
            "history": self.history,
            "generators": _generators(self.net),
        }

    def save_if_best(self, metric):
        """Save the net as best.npz if the last epoch is better than all earlier ones."""
        if metric not in self.history["epochs"][-1]:
            return
        values = [summary.get(metric, math.nan) for summary in self.history["epochs"]]
        *before, last = (-math.inf if math.isnan(value) else value for value in values)
        if not before or last > max(before):
            self.save(BEST)

    def save(self, beside=None):
        """Write the checkpoint, under another name in the same folder if `beside` gives one."""
        self.fetch()
        if self.folder is None:
            return
        last = len(self.history["steps"]) - 1
        for name, array in self.net.params.items():
            if not np.isfinite(to_host(array)).all():
                self.demand_finite(math.nan, f"{name} is not finite after step {last}")
        self.folder.write(
            beside or self.path.name,
            lambda path: write_checkpoint(path, self.net, self.optimizer, self._record()),
        )

    def demand_finite(self, value, what):
        """Raise DivergedError, with `what`, unless the value is finite."""
        if math.isfinite(value):
            return
        kept = ""
        if self.path is not None and self.path.exists():
            kept = f"; the last good checkpoint is kept in {self.path}"
        raise DivergedError(
            f"{what} (counted from 0){kept}. A lower learning rate is the usual cure"
        )


def differences(old, new):
    """Texts about the entries in which two dicts of settings differ."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [] if old == new else [f"{old}, now {new}"]
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return [_difference(name, old.get(name), new.get(name)) for name in names]


def _difference(name, old, new):
    if isinstance(old, list) and isinstance(new, list) and max(len(old), len(new)) > 4:
        gone, come = ([v for v in a if v not in set(b)] for a, b in ((old, new), (new, old)))
        parts = [
            f"{len(values)} {word} ({', '.join(map(str, values[:3]))}{', …' * (len(values) > 3)})"
            for values, word in ((come, "new"), (gone, "gone"))
            if values
        ]
        return f"{name}: {' and '.join(parts) or 'in another order'}"
    return f"{name} {old}, now {new}"


def _is_complete(record):
    """Whether a record has all the parts that fit saves."""
    history = record.get("history")
    if "settings" not in record or not isinstance(history, dict):
        return False
    parts = [history.get(part) for part in ("steps", "epochs")]
    return (
        isinstance(record.get("generators"), dict)
        and all(isinstance(part, list) for part in parts)
        and all(isinstance(row, dict) for part in parts for row in part)
    )


def _with_nan(value):
    """The values that were read from JSON, with NaN in place of null."""
    if isinstance(value, dict):
        return {name: _with_nan(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_nan(part) for part in value]
    return math.nan if value is None else value


def _generators(net):
    """The states of the random generators that layers hold, by "layer.attribute", so that a resumed
    run draws the same numbers as one that was not interrupted."""
    return {name: generator.bit_generator.state for name, generator in _held(net)}


def _set_generators(net, states):
    for name, generator in _held(net):
        if name in states:
            generator.bit_generator.state = states[name]


def _held(net):
    for layer_name, layer in net.named_modules():
        for name, value in vars(layer).items():
            if isinstance(value, np.random.Generator):
                yield f"{layer_name}.{name}", value
