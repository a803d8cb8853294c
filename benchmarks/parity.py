"""Does our training end where PyTorch's does?

    python benchmarks/parity.py                          all tasks, three seeds each
    python benchmarks/parity.py --tasks detection        one of them
    python benchmarks/parity.py --scenes 64 --epochs 1   does it run at all?

The same net with the same initial weights learns from the same batches in the same order, with the
same loss, optimizer and learning rates, once here and once in PyTorch. Rounding differs, training
amplifies it, and the weights end apart; what both reach should not: the difference is shown beside
the spread over seeds. Writes a table and parity.json (--json).
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

import numpy as np
import torch

from machine import machine
from nn_scratch.data import DigitDetection
from nn_scratch.engine.cpu.threads import thread_count
from nn_scratch.evaluation import Objects
from nn_scratch.evaluation.heat_maps import center_targets
from nn_scratch.layers import Layer
from nn_scratch.training.recipes import recipe as recipe_of
from nn_scratch.training.schedules import one_cycle
from torch_nets import (
    TorchCenterNet,
    TorchLocalizer,
    TorchSegNet,
    detection_loss,
    localization_loss,
    segmentation_loss,
)

STRIDE = 4  # of the detector's maps
METRICS = {"segmentation": "mean_iou", "localization": "mean_box_iou", "detection": "ap"}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", choices=METRICS, default=list(METRICS))
    parser.add_argument("--scenes", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(thread_count())
    rows = []
    for task in options.tasks:
        for seed in options.seeds:
            print(f"{task}, seed {seed}", file=sys.stderr, flush=True)
            sizes = {"scenes": options.scenes, "epochs": options.epochs}
            rows.append({"task": task, "seed": seed, **train_both(task, seed, sizes)})
    report = {"machine": machine(), "scenes": options.scenes, "epochs": options.epochs}
    report |= {"torch": torch.__version__, "rows": rows}
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(table(report))


def train_both(task, seed, sizes):
    """The metric that ours and PyTorch's net reach on the validation scenes."""
    recipe = recipe_of(task, seed=seed, **sizes)
    peer = twin(recipe)
    train_peer(peer, recipe)
    history = recipe.run(progress=False)
    found = {"ours": recipe.evaluate(), "torch": score(peer, recipe)}
    scores = {name: metrics[METRICS[task]] for name, metrics in found.items()}
    return scores | {"steps": len(history["steps"])}


def twin(recipe):
    """The recipe's net in PyTorch, with its weights as they are before training."""
    facts = recipe.facts
    sizes = facts["channels"], len(facts["class_names"])
    if recipe.settings.task == "segmentation":
        peer = TorchSegNet(*sizes, kernel_size=5)
    elif recipe.settings.task == "detection":
        peer = TorchCenterNet(*sizes)
    else:
        peer = TorchLocalizer(*sizes, facts["image_size"])
    # strict=False: PyTorch's batch norm also counts its batches, which nothing reads.
    state = {name: torch.tensor(array) for name, array in recipe.net.state_dict().items()}
    missing, unknown = peer.load_state_dict(state, strict=False)
    assert not unknown and all(name.endswith("num_batches_tracked") for name in missing)
    return peer


def train_peer(peer, recipe):
    """As Recipe.run, in PyTorch."""
    settings = recipe.settings
    loss_of = {
        "segmentation": segmentation_loss,
        "localization": localization_loss,
        "detection": detection_loss,
    }
    optimizer = torch.optim.Adam(peer.parameters())
    schedule = one_cycle(settings.max_lr, settings.epochs * len(recipe.train))
    step = 0
    peer.train()
    for epoch in range(settings.epochs):
        for batch in recipe.train.batches(epoch):
            optimizer.param_groups[0]["lr"] = schedule(step)
            optimizer.zero_grad()
            loss_of[settings.task](peer, tensors(settings.task, batch)).backward()
            optimizer.step()
            step += 1


def tensors(task, batch):
    """A batch as the losses take it: in detection with the maps that the net is to give."""
    if task == "detection":
        images, *parts = batch
        truth = [Objects(*each) for each in zip(*parts, strict=True)]
        cells = tuple(-(-n // STRIDE) for n in images.shape[2:])
        *maps, count = center_targets(truth, DigitDetection.classes, cells, STRIDE)
        return [*(torch.tensor(part) for part in (images, *maps)), count]
    return [torch.tensor(part) for part in batch]


def score(peer, recipe):
    """Our metrics of a PyTorch net."""
    return recipe.task.evaluate(Seen(peer), recipe.validation.batches())


class Seen(Layer):
    """A PyTorch net as our metrics call one: arrays in, arrays out."""

    def __init__(self, peer):
        super().__init__()
        self.peer = peer.eval()

    def forward(self, x):
        with torch.no_grad():
            y = self.peer(torch.tensor(x))
        return tuple(part.numpy() for part in y) if isinstance(y, tuple) else y.numpy()


def table(report):
    lines = [", ".join(f"{what} {value}" for what, value in report["machine"].items())]
    lines.append(f"{report['epochs']} epochs of {report['scenes']} scenes")
    lines.append(f"{'':<14}{'metric':<14}{'seed':>5}{'ours':>9}{'PyTorch':>9}{'difference':>12}")
    for task, metric in METRICS.items():
        rows = [row for row in report["rows"] if row["task"] == task]
        for row in rows:
            lines.append(
                f"{task:<14}{metric:<14}{row['seed']:>5}{row['ours']:>9.4f}{row['torch']:>9.4f}"
                f"{row['ours'] - row['torch']:>+12.4f}"
            )
        if len(rows) > 1:
            ours, theirs = ([row[who] for row in rows] for who in ("ours", "torch"))
            lines.append(
                f"{'':<28}{'mean':>5}{np.mean(ours):>9.4f}{np.mean(theirs):>9.4f}"
                f"{np.mean(ours) - np.mean(theirs):>+12.4f}   spread over seeds: ours "
                f"{statistics.stdev(ours):.4f}, PyTorch {statistics.stdev(theirs):.4f}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
