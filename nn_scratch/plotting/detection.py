"""Pictures of what a detector finds: boxes with their classes and scores, and what it misses."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nn_scratch.backend import Array
from nn_scratch.evaluation.detection import Detections, Objects, match
from nn_scratch.plotting import given
from nn_scratch.plotting.parts import draw_box, photograph, show_image
from nn_scratch.plotting.text import fitted, legend_below, title, write

PANEL = 2.2  # inches, the width of a square image
COLUMNS = 4  # of square images; a wide one takes the place of several
ROOM = 0.07  # of an image's height, for a name
WIDEST = 1.2  # inches, of a name at a box
RIGHT, WRONG, MISSED = ("#56b4e9", "-"), ("#e69f00", "--"), ("#cc79a7", ":")  # Okabe & Ito
IOU_THRESHOLD = 0.5  # from which a box is right


def plot_detections(
    images: Array,
    truth: Sequence[Objects],
    found: Sequence[Detections],
    class_names: Sequence[object],
) -> Figure:
    """A grid of images with the boxes that are found, their classes and scores. Colour and line
    tell those that are right (IoU with an object of their class at least 0.5), those that are
    wrong, and objects that are missed; difficult objects are not drawn, nor what finds them.

    images (N, 1 or 3, H, W) with values from 0 to 1; truth, found: one for each image.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    images = given.images("images", images)
    _check_each("truth", truth, Objects, len(images))
    _check_each("found", found, Detections, len(images))
    given.names("class_names", class_names)
    _check_labels(found, class_names)
    wide = min(max(images.shape[3] / images.shape[2], 1), COLUMNS)  # in panels
    columns = min(len(images), int(COLUMNS / wide))
    rows = -(-len(images) // columns)
    height = PANEL * wide * images.shape[2] / images.shape[3] + 0.35
    size = (PANEL * wide + 0.1) * columns, height * rows
    figure = Figure(figsize=size, layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes:
        axis.set_axis_off()
    for axis, image, objects, each in zip(axes, images, truth, found, strict=False):
        show_image(axis, image)
        right, wrong, missed = told_apart(each, objects, len(class_names))
        for i in [*np.flatnonzero(wrong), *np.flatnonzero(right)]:  # what is right lies on top
            _draw(axis, each, i, RIGHT if right[i] else WRONG, class_names)
        for i in np.flatnonzero(missed):
            draw_box(axis, objects.boxes[i], *MISSED)
        title(axis, _summary(int(right.sum()), int(wrong.sum()), int(missed.sum())))
    handles = [Rectangle((0, 0), 1, 1, fill=False, ec=c, ls=s, lw=2) for c, s in _KINDS]
    legend_below(figure, handles, ["found", "wrong", "missed"])
    return figure


def plot_found(image: Array, found: Detections, class_names: Sequence[object]) -> Figure:
    """A photograph with the boxes that are found in it, their classes and scores.

    image (1 or 3, H, W) with values from 0 to 1; boxes in its pixels.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.image("image", image)
    _check_each("found", [found], Detections, 1)
    given.names("class_names", class_names)
    _check_labels([found], class_names)
    figure, axis = photograph(image)
    for i in range(len(found.boxes)):
        _draw(axis, found, i, RIGHT, class_names)
    count = len(found.boxes)
    title(axis, f"{count} object{'' if count == 1 else 's'}" if count else "nothing found", size=12)
    return figure


def told_apart(found: Detections, truth: Objects, num_classes: int) -> tuple[Array, Array, Array]:
    """Which detections (D,) are right and which are wrong, and which objects (G,) are missed. What
    finds an object that does not count is neither, and that object is not missed.

    Returns: three arrays of bools.
    """
    right, ignored = np.zeros((2, len(found.scores)), bool)
    missed = np.zeros(len(truth.labels), bool)
    for label in range(num_classes):
        made = match(found, truth, label, iou_thresholds=np.array([IOU_THRESHOLD]))
        right[made.found], ignored[made.found] = made.right[0], made.ignored[0]
        missed[made.there] = made.missed[0]
    return right, ~right & ~ignored, missed


_KINDS = RIGHT, WRONG, MISSED


def _draw(axis, found, i, kind, class_names):
    """Detection i in an axis: its box with its class and score, below it if it is wrong."""
    colour, style = kind
    x, y, _, height = box = found.boxes[i]
    draw_box(axis, box, colour, style)
    bottom, room = axis.get_ylim()[0], ROOM * axis.get_ylim()[0]
    if kind is WRONG:  # so that it does not hide the name of a right box in the same place
        place, above = min(y + height - 0.5, bottom), y + height > bottom - room
    else:  # above a box at the upper border a name would be cut off
        place, above = max(y, 0) - 0.5, y >= room
    text = axis.text(
        *(max(x, 0) - 0.5, place),
        "",
        fontsize=8,
        va="bottom" if above else "top",
        color="black",
        clip_on=True,
    )
    text.set_bbox({"facecolor": colour, "edgecolor": "none", "pad": 0.6, "alpha": 0.8})
    write(text, f"{fitted(class_names[found.labels[i]], WIDEST, 8)} {found.scores[i]:.2f}")


def _check_each(name, values, kind, count):
    """As many Objects or Detections as there are images."""
    if not isinstance(values, (list, tuple)) or not all(isinstance(v, kind) for v in values):
        raise TypeError(f"{name} is {values!r:.60}, but must be {kind.__name__} for each image")
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} entries, but there are {count} images")
    for each in values:
        labels = given.array(f"{name}.labels", each.labels, "iu" if np.size(each.labels) else "iuf")
        given.boxes(f"{name}.boxes", each.boxes, (labels.size, 4))
        if labels.min(initial=0) < 0:
            raise ValueError(f"{name}.labels has {labels.min()}, but none may be below 0")
        if kind is Detections and np.shape(each.scores) != labels.shape:
            raise ValueError(f"{name}.scores must be {labels.shape}, a score for each label")


def _check_labels(found, class_names):
    """What is found must have a name."""
    most = max((int(np.max(each.labels, initial=-1)) for each in found), default=-1)
    given.names("class_names", class_names, least=most + 1)


def _summary(right, wrong, missed):
    """The title of a panel."""
    parts = [f"{right} of {right + missed} found", *([f"{wrong} wrong"] if wrong else [])]
    return ", ".join(parts)
