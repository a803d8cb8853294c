"""Optimizers, schedules, tasks, checkpoints and the loop, on a net of one layer."""

import math
import tempfile
from functools import wraps
from pathlib import Path

import numpy as np

from calls.frame import Call, difference, equal_to, finite, pick, values
from nn_scratch import training
from nn_scratch.data import DigitLocalization, DigitSegmentation, Loader
from nn_scratch.layers import Conv2d, Linear, Sequential
from nn_scratch.nets.zoo import LOCALIZERS
from nn_scratch.training.recipes import Recipe
from nn_scratch.training.tasks.segmentation import SegmentationSettings

KEPT = []  # folders, which are there as long as this module is
STEPS = 3


def folder():
    """A folder of its own for each call."""
    KEPT.append(tempfile.TemporaryDirectory())
    return Path(KEPT[-1].name)


def net():
    return Linear(2, 3, rng=0, dtype=np.float64)


# ---------------------------------------------------------------- optimizers and rates


def by_sgd(start, gradients, lr, *, momentum=0.0, weight_decay=0.0):
    weight, velocity = start.copy(), np.zeros_like(start)
    for gradient in gradients:
        velocity = momentum * velocity + gradient + weight_decay * weight
        weight = weight - lr * velocity
    return weight


def by_adam(start, gradients, lr=1e-3, *, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    weight, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step, gradient in enumerate(gradients, 1):
        gradient = gradient + weight_decay * weight
        m = betas[0] * m + (1 - betas[0]) * gradient
        v = betas[1] * v + (1 - betas[1]) * gradient**2
        a, b = m / (1 - betas[0] ** step), v / (1 - betas[1] ** step)
        weight = weight - lr * a / (np.sqrt(b) + eps)
    return weight


def optimizer(name, oracle, **options):
    def make(rng):
        def fault(made, net, *given, **more):
            start, found = net.params["weight"].copy(), []
            for step in range(STEPS):
                found.append(np.random.default_rng(step).standard_normal(start.shape))
                net.zero_grad()
                net.grads["weight"][...] = found[-1]
                made.step()
            return difference(net.params["weight"], oracle(start, found, *given, **more))

        own = {key: value(rng) for key, value in options.items()}
        return Call(getattr(training, name), [net(), 0.1], own, fault)

    return make


def decay(rng):
    return pick(rng, 0.0, 0.01)


def momentum(rng):
    return pick(rng, 0.0, 0.9)


def betas(rng):
    return 0.8, float(rng.random())


def small(rng):
    return 1e-8


def rate(rng):
    def fault(lr, max_lr, steps, warm_up=0.3, start_factor=25.0, final_factor=1e4):
        if steps > 10**4:
            return None
        rates = [lr(step) for step in range(steps)]
        peak = warm_up * steps - 1
        for step, found in enumerate(rates):
            first, last, share = max_lr / start_factor, max_lr, step / peak if peak > 0 else 1
            if step > peak:
                first, last = max_lr, max_lr / start_factor / final_factor
                rest = steps - 1 - peak
                share = (step - peak) / rest if rest > 0 else 1
            wanted = last + (first - last) * (1 + math.cos(math.pi * min(share, 1))) / 2
            if abs(found - wanted) > 1e-9 * max_lr:
                return f"lr({step}) is {found} instead of {wanted}"
        return None

    given = [0.1, int(rng.integers(1, 30)), float(rng.random())]
    return Call(training.one_cycle, given, {"start_factor": 10.0, "final_factor": 100.0}, fault)


def resumed(rng):
    made = training.Adam(net())
    made.step()
    state = {key: np.array(value) for key, value in made.state_dict().items()}
    other = training.Adam(net())

    def fault(_, state):
        return difference(list(other.state_dict().values()), list(state.values()))

    return Call(other.load_state_dict, [state], {}, fault)


# ---------------------------------------------------------------- tasks and the loop


def task(name, given=(), **options):
    def make(rng):
        def fault(made, *given, **options):
            return None if made.metrics else "no metrics"

        own = {key: value(rng) for key, value in options.items()}
        return Call(getattr(training, name), [*given], own, fault)

    return make


def segmented():
    """A net, a task and a loader that are trained within milliseconds."""
    made = Sequential(Conv2d(1, 11, 1, rng=0))
    return made, training.Segmentation(11), Loader(DigitSegmentation("test", 3), 2)


def stepped(rng):
    """A step of each task; its loss, for segmentation, is the mean of −log softmax."""
    made, task, loader = segmented()
    if rng.random() < 0.5:
        made = LOCALIZERS["localizer"](1, 10, image_size=(40, 40), width=1, rng=0)
        task, loader = training.Localization(), Loader(DigitLocalization("test", 3), 2)
    batch = next(loader.batches())

    def fault(losses, net, batch):
        if not isinstance(task, training.Segmentation):
            known = finite(batch)
            return None if np.isfinite(losses["loss"]) or not known else "no loss"
        scores = np.asarray(net(batch[0]), np.float64)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        chosen = np.take_along_axis(shares, np.asarray(batch[1])[:, None], axis=1)
        return difference(float(losses["loss"]), float(-np.log(chosen).mean()), 1e-4)

    return Call(task.step, [made, batch], {}, fault, names=("labels", "boxes"))


@wraps(training.fit)
def fit_for_a_while(*given, epochs, **options):
    """fit, which would take 2³¹ − 1 epochs as well, and a year for them."""
    if isinstance(epochs, int) and epochs > 2:
        raise ValueError(f"epochs is {epochs}: nobody has the time")
    return training.fit(*given, epochs=epochs, **options)


def fitted(rng):
    def fault(history, net, task, loader, optimizer, *, epochs, **options):
        steps, done = len(history["steps"]), len(history["epochs"])
        right = done == epochs and steps == epochs * len(loader)
        return None if right else f"{steps} steps, {done} epochs"

    made, task, loader = segmented()
    options = {
        "schedule": pick(rng, None, lambda step: 0.1),
        "validation": pick(rng, None, loader),
        "checkpoint": pick(rng, None, folder() / "c.npz"),
        "save_every": 1,
        "settings": pick(rng, None, {"a": 1}),
        "notes": None,
        "progress": False,
    }
    given = [made, task, loader, training.SGD(made, 0.1)]
    return Call(fit_for_a_while, given, {"epochs": int(rng.integers(3)), **options}, fault)


def evaluated(rng):
    made, task, loader = segmented()

    def fault(metrics, net, task, loader):
        images, labels = zip(*(loader.dataset.sample(0, i) for i in range(3)), strict=True)
        found = net(np.stack(images)).argmax(axis=1)
        return difference(metrics["global_accuracy"], float((found == np.stack(labels)).mean()))

    return Call(training.evaluate, [made, task, loader], {}, fault)


def filmed(rng):
    options = {"net": "full-resolution-fcn", "width": 1, "kernel_size": 1}
    recipe = Recipe(SegmentationSettings(**options, scenes=4, batch_size=2, epochs=1), verify=False)
    image, _ = recipe.validation.dataset.sample(0, 0)

    def fault(seen, recipe, images, steps, **options):
        wanted = {step for step in steps if step < 2} | {2}
        return None if set(seen) == wanted else f"seen at {[*seen]}"

    return Call(training.film, [recipe, image[None], [0, 1]], {}, fault)


# ---------------------------------------------------------------- checkpoints


def states(found):
    """The arrays of a state, in the order of their names."""
    return [found[name] for name in sorted(found)]


def saved(rng):
    def fault(_, path, net, optimizer, record):
        found = training.load_checkpoint(path)
        return difference(states(found.net), states(net.state_dict()))

    made = net()
    given = [folder() / "c.npz", made, training.SGD(made, 0.1), {"step": 3}]
    return Call(training.save_checkpoint, given, {}, fault)


def loaded(rng):
    made, path = net(), folder() / "c.npz"
    training.save_checkpoint(path, made, training.SGD(made, 0.1), {"step": 3})
    oracle = lambda path: states(made.state_dict())  # noqa: E731

    def load(path: str | Path) -> list:
        try:
            return states(training.load_checkpoint(path).net)
        except training.CheckpointError as error:  # which names the file
            raise ValueError(str(error)) from error

    return Call(load, [pick(rng, path, str(path))], {}, equal_to(oracle))


def alone(rng):
    return Call(training.world, [], {}, lambda found: None if found.size == 1 else "others")


TABLE = {
    "training.Adam": optimizer("Adam", by_adam, betas=betas, eps=small, weight_decay=decay),
    "training.Detection": task("Detection", [3]),
    "training.Localization": task(
        "Localization", box_weight=lambda rng: 2.0, box_loss=lambda rng: "smooth_l1"
    ),
    "training.Optimizer.load_state_dict": resumed,
    "training.SGD": optimizer("SGD", by_sgd, momentum=momentum, weight_decay=decay),
    "training.Task.step": stepped,
    "training.Segmentation": task(
        "Segmentation",
        [3],
        class_weights=lambda rng: np.abs(values(rng, 3)),
        ignore_index=lambda rng: pick(rng, None, 255),
    ),
    "training.evaluate": evaluated,
    "training.film": filmed,
    "training.fit": fitted,
    "training.load_checkpoint": loaded,
    "training.one_cycle": rate,
    "training.save_checkpoint": saved,
    "training.world": alone,
}
