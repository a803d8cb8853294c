"""Draw the pictures of what is inside a net.

python lessons/look_inside.py                 all of them
python lessons/look_inside.py film            one

hourglass    images/hourglass.png     a trained segmentation net, and what its maps see
localizer    images/localizer.png     a trained localizer
occlusion    images/occlusion.png, images/box_occlusion.png     what their answers need
film         images/learning.gif, images/learning.png   from the first step to the last, with
             the right backward pass, and with convolutions whose dx has the wrong sign;
             trains twice, for about a minute of one core each
"""

import argparse
from pathlib import Path

import numpy as np

from nn_scratch.data import DigitLocalization, DigitSegmentation
from nn_scratch.data.digits import CLASS_NAMES
from nn_scratch.layers import Conv2d
from nn_scratch.nets import pretrained
from nn_scratch.plotting import (
    animate_learning,
    plot_box_occlusion,
    plot_learning,
    plot_net,
    plot_occlusion,
    save_gif,
)
from nn_scratch.training import film
from nn_scratch.training.recipes import segmentation

FOLDER = Path(__file__).parent / "images"
STEPS = (*range(0, 20, 2), *range(20, 60, 5), *range(60, 200, 20), *range(200, 940, 60))
STILLS = (0, 10, 40, 80, 200)
SCENE = 3  # of the test scenes
DPI = 100


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="*", default=list(PICTURES), metavar="PICTURE")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder (default %(default)s)")
    options = parser.parse_args(arguments)
    for name in options.pictures:
        PICTURES[name](options.out)


def draw_hourglass(folder):
    image, _ = DigitSegmentation("test", SCENE + 1).sample(0, SCENE)
    figure = plot_net(pretrained("digits-segmentation"), image[None], class_names=CLASS_NAMES)
    figure.savefig(folder / "hourglass.png", dpi=DPI)


def draw_localizer(folder):
    image, _, _ = DigitLocalization("test", SCENE + 1).sample(0, SCENE)
    figure = plot_net(pretrained("digits-localization"), image[None], class_names=CLASS_NAMES[1:])
    figure.savefig(folder / "localizer.png", dpi=DPI)


def draw_occlusion(folder):
    image, labels = DigitSegmentation("test", SCENE + 1).sample(0, SCENE)
    ink = np.argwhere(labels > 0)
    pixels = [tuple(map(int, ink[len(ink) * part // 8])) for part in (1, 4, 7)]
    net = pretrained("digits-segmentation")
    plot_occlusion(net, image, pixels, CLASS_NAMES).savefig(folder / "occlusion.png", dpi=DPI)
    image, _, _ = DigitLocalization("test", SCENE + 1).sample(0, SCENE)
    figure = plot_box_occlusion(pretrained("digits-localization"), image, CLASS_NAMES[1:])
    figure.savefig(folder / "box_occlusion.png", dpi=DPI)


class WrongSignConv2d(Conv2d):
    """A convolution whose backward pass is wrong: dx has the wrong sign."""

    def backward(self, dy):
        dx = super().backward(dy)
        return None if dx is None else -dx


def with_wrong_backward(net):
    """The net, each of its convolutions with a wrong backward pass."""
    for _, layer in net.named_modules():
        if type(layer) is Conv2d:
            layer.__class__ = WrongSignConv2d
    return net


def learn(wrong=False, **settings):
    """Label maps of the scene, by step."""
    image, _ = DigitSegmentation("test", SCENE + 1).sample(0, SCENE)
    one = segmentation(**{"scenes": 2500, "epochs": 6, "batch_size": 16, "max_lr": 5e-3} | settings)
    if wrong:
        with_wrong_backward(one.net)
    seen = film(one, image[None], STEPS)
    return {step: scores[0].argmax(axis=0) for step, scores in seen.items()}


def draw_film(folder):
    image, truth = DigitSegmentation("test", SCENE + 1).sample(0, SCENE)
    films = {"right backward": learn(), "one sign wrong": learn(wrong=True)}
    frames = animate_learning(image, truth, films, CLASS_NAMES)
    save_gif(frames, folder / "learning.gif", dpi=90, seconds=0.35)
    for name, seen in films.items():
        print(f"{name}: {(seen[max(seen)] == truth)[truth > 0].mean():.0%} of the ink is right")
    right = films["right backward"]
    stills = {step: right[step] for step in (*STILLS, max(right))}
    plot_learning(image, truth, stills, CLASS_NAMES).savefig(folder / "learning.png", dpi=DPI)


PICTURES = {
    "hourglass": draw_hourglass,
    "localizer": draw_localizer,
    "occlusion": draw_occlusion,
    "film": draw_film,
}

if __name__ == "__main__":
    main()
