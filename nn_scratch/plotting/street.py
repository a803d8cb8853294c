"""A street, drawn by a few lines of code: a scene to show what a label map of a street looks like.

It has the eleven classes of CamVid (Brostow et al. 2009), and things of every size: a road that
fills a third of the image, and a lamp post two pixels wide.
"""

import numpy as np
from matplotlib.path import Path

from nn_scratch.backend import Array

STREET_CLASSES = (  # in an order in which class_colours gives trees green, and the road black
    *("sky", "building", "sign", "bicyclist", "tree", "fence"),
    *("pavement", "pedestrian", "car", "pole", "road"),
)
HEIGHT, WIDTH = 96, 128
GLASS, PAINT, TYRE = (0.35, 0.45, 0.55), (0.9, 0.9, 0.85), (0.08, 0.08, 0.08)


def street() -> tuple[Array, Array]:
    """A street of houses, seen from the middle of the road; the same in every call.

    Returns: the image (3, 96, 128) float32 with values from 0 to 1, and the label map (96, 128) of
    the places of its classes in STREET_CLASSES.
    """
    scene = _Scene()
    scene.polygon("road", (0.42, 0.42, 0.45), (61, 50), (67, 50), (112, 96), (14, 96))
    for y in (55, 64, 78):
        half = (y - 48) / 24
        ends = (64 - half, y), (64 + half, y), (64 + 1.6 * half, 1.13 * y - 4)
        scene.polygon("road", PAINT, *ends, (64 - 1.6 * half, 1.13 * y - 4))
    scene.polygon("pavement", (0.66, 0.63, 0.6), (0, 66), (61, 50), (14, 96), (0, 96))
    scene.polygon("pavement", (0.66, 0.63, 0.6), (128, 66), (67, 50), (112, 96), (128, 96))
    _draw_houses(scene)
    _draw_things(scene)
    _draw_traffic(scene)
    noise = np.random.default_rng(0).normal(0, 0.02, scene.image.shape)
    return np.clip(scene.image + noise, 0, 1).astype(np.float32), scene.labels


class _Scene:
    """An image and its label map; what is drawn later lies in front."""

    def __init__(self):
        self.y, self.x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
        sky = np.array([0.5, 0.7, 0.95])[:, None, None] + 0.25 * self.y / 50
        self.image, self.labels = sky, np.zeros((HEIGHT, WIDTH), np.int64)

    def paint(self, inside, name, colour):
        self.image[:, inside] = np.array(colour)[:, None]
        self.labels[inside] = STREET_CLASSES.index(name)

    def polygon(self, name, colour, *corners):
        points = np.stack([self.x.ravel(), self.y.ravel()], axis=1)
        self.paint(Path(corners).contains_points(points).reshape(HEIGHT, WIDTH), name, colour)

    def box(self, name, colour, x, y, w, h):
        inside = (self.x > x) & (self.x < x + w) & (self.y > y) & (self.y < y + h)
        self.paint(inside, name, colour)

    def disc(self, name, colour, x, y, r, hole=0.0):
        far = np.hypot(self.x - x, self.y - y)
        self.paint((far < r) & (far >= hole), name, colour)


def _draw_houses(scene):
    """Two rows of houses along the road, and one across it at its end."""
    scene.box("building", (0.62, 0.58, 0.6), 50, 38, 28, 14.5)
    scene.polygon("building", (0.72, 0.5, 0.38), (0, 2), (52, 36), (52, 52.5), (0, 67))
    scene.polygon("building", (0.8, 0.7, 0.52), (128, 12), (76, 38), (76, 52.5), (128, 67))
    for x, step in ((4, 1), (16, 1), (27, 1), (124, -1), (112, -1), (101, -1)):
        near = abs(x - 64) / 60
        for level in (-0.62, -0.3, 0.02):
            y, wide, high = 50 + 44 * near * (level - 0.1), 7 * near, 10 * near
            left, slope = min(x, x + step * wide), -0.28 * (level - 0.1) * step
            corners = (left, y), (left + wide, y + slope * wide), (left + wide, y + high), (left, y)
            scene.polygon("building", GLASS, *corners[:3], (left, y + high))


def _draw_things(scene):
    """A tree, a fence, a lamp post and a road sign."""
    scene.box("tree", (0.35, 0.25, 0.15), 94, 40, 3, 21)
    for x, y, r in ((95, 31, 10), (88, 36, 7), (102, 36, 7), (96, 24, 7)):
        scene.disc("tree", (0.2, 0.42 + 0.01 * (x - 90), 0.18), x, y, r)
    for x in range(104, 128, 4):
        scene.box("fence", (0.45, 0.33, 0.2), x, 58 + (x - 104) / 3, 2, 9)
    scene.polygon("fence", (0.5, 0.38, 0.25), (103, 60), (128, 67), (128, 69), (103, 62))
    scene.box("pole", (0.3, 0.3, 0.32), 33, 14, 2, 59)
    scene.box("pole", (0.3, 0.3, 0.32), 33, 14, 9, 2)
    scene.box("pole", (0.3, 0.3, 0.32), 86, 46, 1, 15)
    scene.disc("sign", (0.85, 0.15, 0.12), 86.5, 45, 3.6)
    scene.box("sign", PAINT, 84, 44, 5, 2)


def _draw_traffic(scene):
    """A car that comes towards us, someone on a bicycle, and two people on the pavement."""
    red = (0.75, 0.13, 0.15)
    scene.box("car", TYRE, 69, 70, 4, 5)
    scene.box("car", TYRE, 84, 70, 4, 5)
    scene.box("car", red, 68, 62, 21, 10)
    scene.polygon("car", red, (71, 62), (73, 56), (84, 56), (86, 62))
    scene.polygon("car", GLASS, (72.5, 62), (74, 57.5), (83, 57.5), (84.5, 62))
    for x in (69, 85):
        scene.box("car", PAINT, x, 65, 3, 2)
    for y in (78, 86):
        scene.disc("bicyclist", TYRE, 46, y, 3.4, hole=2)
    scene.polygon("bicyclist", (0.9, 0.75, 0.15), (44, 66), (49, 66), (48, 78), (45, 78))
    scene.box("bicyclist", TYRE, 45, 77, 2.5, 7)
    scene.disc("bicyclist", (0.85, 0.65, 0.5), 46.5, 63.5, 2.4)
    for x, y, tall, coat in ((12, 61, 22, (0.25, 0.3, 0.6)), (22, 60, 17, (0.6, 0.25, 0.5))):
        scene.box("pedestrian", (0.2, 0.2, 0.25), x + 0.5, y + 0.55 * tall, 1.6, 0.45 * tall)
        scene.box("pedestrian", (0.2, 0.2, 0.25), x + 3, y + 0.55 * tall, 1.6, 0.45 * tall)
        scene.box("pedestrian", coat, x, y + 0.2 * tall, 5, 0.4 * tall)
        scene.disc("pedestrian", (0.85, 0.65, 0.5), x + 2.5, y + 0.1 * tall, 2.2)
