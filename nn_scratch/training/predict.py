"""What a trained net says of an image file, drawn on it."""

from pathlib import Path

import numpy as np

from nn_scratch import ops
from nn_scratch.backend import to_device, to_host
from nn_scratch.data import Resize, read_image
from nn_scratch.evaluation import boxes
from nn_scratch.layers import inference_mode
from nn_scratch.plotting import figures
from nn_scratch.training.checkpoint import CheckpointError, load_checkpoint
from nn_scratch.training.recipes import RECIPES, Recipe, net_of
from nn_scratch.training.tasks import box_of_class

WORTH_SAYING = 0.01  # classes with a smaller share of the pixels are not listed


def load_net(path):
    """(net in evaluation mode, the settings of its recipe) from a checkpoint."""
    found = load_checkpoint(path)
    settings = found.record["settings"]
    if not settings or settings.get("task") not in RECIPES or "class_names" not in settings:
        raise CheckpointError(
            f"{path} does not say which net it is of: it has no recipe's settings"
        )
    net = net_of(settings)
    net.load_state_dict(found.net)
    return net.eval(), settings


def evaluate_checkpoint(path, data=None, device="cpu"):
    """(metrics, class names) of a checkpoint's net on the validation part of `data`, by default of
    what it was trained on. Images are brought to the size it was trained on."""
    net, settings = load_net(path)
    changes = {"size": settings["image_size"]} | ({} if data is None else {"data": data})
    recipe = Recipe(settings | changes)
    recipe.net = net.to(device)
    return recipe.evaluate(), recipe.class_names


def predict(path, images, out, device="cpu"):
    """For each image file, one line of text and the picture's path in the folder `out`."""
    net, settings = load_net(path)
    net.to(device)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    draw = {"segmentation": _labels, "localization": _box}[settings["task"]]
    for name in map(Path, images):
        image = read_image(name)
        (seen,) = Resize(settings["image_size"])(None, (image,))
        if settings["channels"] == 1:
            seen = seen.mean(axis=0, keepdims=True)
        with inference_mode(net):
            found = _on_host(net(to_device(seen[None], device)))
        said, figure = draw(found, image, settings["class_names"])
        picture = out / f"{name.stem}.png"
        figure.savefig(picture, dpi=110)
        yield f"{name}: {said}", picture


def _on_host(found):
    return tuple(map(to_host, found)) if isinstance(found, tuple) else to_host(found)


def _labels(scores, image, class_names):
    labels = scores.argmax(axis=1)  # (1, H, W)
    shares = np.bincount(labels.ravel(), minlength=len(class_names)) / labels.size
    order = [label for label in np.argsort(-shares) if shares[label] >= WORTH_SAYING]
    said = ", ".join(f"{class_names[label]} {shares[label]:.0%}" for label in order)
    (labels,) = Resize(image.shape[1:])(None, (image, labels[0]))[1:]
    return said, figures.plot_overlay(image, labels, class_names)


def _box(found, image, class_names):
    scores, fractions = found
    likeliest = scores.argmax(axis=1)
    probability = float(ops.softmax(scores).max())
    (box,) = boxes.to_pixels(fractions[box_of_class(fractions, likeliest)], image.shape[1:])
    name = f"{class_names[int(likeliest[0])]}, probability {probability:.2f}"
    said = f"{name}, box " + " ".join(f"{value:.0f}" for value in box)
    return said, figures.plot_box(image, box, name)
