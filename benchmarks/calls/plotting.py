"""Random calls of the pictures: each must come to Figures that can be drawn."""

import functools
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from calls.frame import Call, pick, sizes, values
from nn_scratch import layers, nets, plotting
from nn_scratch.evaluation.detection import Detections, Objects

NAMES = ["background", "cat", "a $dog"]
FRAMES = 4  # of a moving picture: so many are looked at
DRAWN = {"dpi": 0}  # 0 for figures that are made, but not drawn
TITLES = "one", "$two", "three"


def pictured(function):
    """The function, whose Figures are drawn, if that is wanted, and cleared."""

    @functools.wraps(function)
    def called(*positional, **keywords):
        made = function(*positional, **keywords)
        figures = [made] if isinstance(made, Figure) else made or ()
        for _, figure in zip(range(FRAMES), figures, strict=False):
            if DRAWN["dpi"]:
                figure.set_dpi(DRAWN["dpi"])
                FigureCanvasAgg(figure).draw()
            figure.clear()

    return called


def picture(name, /, **keywords):
    return Call(pictured(getattr(plotting, name)), [], keywords)


# ---------------------------------------------------------------- what pictures are made of


def pixels(rng):
    return sizes(rng, 2, 1, 8)


def photograph(rng, *batch, channels=(1, 3)):
    return rng.random((*batch, pick(rng, *channels), *pixels(rng)))


def labels(rng, images):
    found = rng.integers(0, len(NAMES), (*images.shape[:-3], *images.shape[-2:]))
    found[..., 0, 0] = 1  # at least one object
    return found


def boxes(rng, count):
    return np.concatenate([5 * rng.random((count, 2)), 1 + 5 * rng.random((count, 2))], axis=1)


def titled(rng, make):
    return {title: make() for title in TITLES[: rng.integers(1, 4)]}


def numbers(rng, count):
    return (0.1 + rng.random(count)).tolist()


def kernel(rng, *sides):
    return values(rng, *[pick(rng, *sides)] * 2).round(1)


def detections(rng, count):
    return Detections(boxes(rng, count), rng.random(count), rng.integers(0, len(NAMES), count))


def objects(rng, count):
    return Objects(rng.integers(0, len(NAMES), count), boxes(rng, count))


@functools.cache
def net(task):
    if task == "segmentation":
        return nets.SegNet(1, len(NAMES), (2, 2), 3, rng=0)
    if task == "detection":
        return nets.CenterNet(1, len(NAMES), (2, 2), rng=0, stride=2)
    flat = layers.Flatten()
    return nets.Localizer(1, len(NAMES), (8, 8), (2,), features=4, rng=0) if task else flat


# ---------------------------------------------------------------- calls


def plot_arrays(rng):
    marks = pick(rng, None, {"one": (0, 0, 1, 1)})
    options = {"columns": pick(rng, None, 2), "cell": 0.4, "marks": marks}
    options |= {"scale": pick(rng, None, 2.0), "shared": pick(rng, True, False)}
    return picture("plot_arrays", arrays=titled(rng, lambda: values(rng, *pixels(rng))), **options)


def plot_images(rng):
    image = photograph(rng)
    shown = {"photograph": image, "labels": labels(rng, image), "values": values(rng, 3, 4)}
    options = {"columns": pick(rng, None, 1, 2), "size": 1.5, "class_names": NAMES}
    return picture("plot_images", images=shown, **options)


def plot_segmentation(rng):
    images = photograph(rng, rng.integers(1, 6))
    maps = {what: labels(rng, images) for what in ("truths", "predictions")}
    return picture("plot_segmentation", images=images, **maps, class_names=NAMES)


def plot_outlines(rng):
    image = photograph(rng)
    predictions = titled(rng, lambda: labels(rng, image))
    options = {"truth": labels(rng, image), "predictions": predictions, "class_names": NAMES}
    return picture("plot_outlines", image=image, **options)


def plot_label_maps(rng):
    image = photograph(rng)
    maps = titled(rng, lambda: labels(rng, image))
    return picture("plot_label_maps", image=image, maps=maps, class_names=NAMES)


def labelled(name, rng):
    image = photograph(rng)
    return picture(name, image=image, labels=labels(rng, image), class_names=NAMES)


def plot_box(rng):
    return picture("plot_box", image=photograph(rng), box=boxes(rng, 1)[0], name="a $cat")


def plot_box_formats(rng):
    return picture("plot_box_formats", image=photograph(rng), box=boxes(rng, 1)[0])


def plot_scores(rng):
    scores, truth = rng.normal(0, 3, 3), int(rng.integers(3))
    return picture("plot_scores", scores=scores, truth=truth, class_names=NAMES)


def plot_boxes(rng):
    images = photograph(rng, rng.integers(1, 8))
    found = {what: boxes(rng, len(images)) for what in ("true_boxes", "boxes")}
    names = dict.fromkeys(("true_names", "names"), ["cat"] * len(images))
    options = pick(rng, names, {}) | {"captions": pick(rng, None, ["a $line"] * len(images))}
    return picture("plot_boxes", images=images, **found, **options)


def plot_detections(rng):
    images = photograph(rng, rng.integers(1, 4))
    truth = [objects(rng, rng.integers(3)) for _ in images]
    found = [detections(rng, rng.integers(3)) for _ in images]
    return picture("plot_detections", images=images, truth=truth, found=found, class_names=NAMES)


def plot_found(rng):
    found = detections(rng, rng.integers(4))
    return picture("plot_found", image=photograph(rng), found=found, class_names=NAMES)


def plot_net(rng):
    x = rng.random((2, 1, 8, 8), dtype=np.float32)
    task = pick(rng, "segmentation", "detection", "localization", "")
    options = {"channels": int(rng.integers(3)), "class_names": pick(rng, None, NAMES)}
    options["highlight"] = pick(rng, None, "convolution") if task else None
    return picture("plot_net", net=net(task), x=x, **options)


def plot_occlusion(rng):
    place = {"pixels": [(0, 1), (3, 2)], "class_names": NAMES, "window": 4, "step": 4}
    return picture("plot_occlusion", net=net("segmentation"), image=rng.random((1, 8, 8)), **place)


def plot_box_occlusion(rng):
    options = {"class_names": NAMES, "window": 4, "step": 4}
    image = rng.random((1, 8, 8), dtype=np.float32)
    return picture("plot_box_occlusion", net=net("localization"), image=image, **options)


def plot_learning(rng):
    image = photograph(rng)
    film = {step: labels(rng, image) for step in (0, 5)}
    options = {"truth": labels(rng, image), "film": film, "class_names": NAMES}
    return picture("plot_learning", image=image, **options)


def animate_learning(rng):
    image = photograph(rng)
    films = titled(rng, lambda: {step: labels(rng, image) for step in (0, 5)})
    options = {"truth": labels(rng, image), "films": films, "class_names": NAMES}
    return picture("animate_learning", image=image, **options)


def animate_convolution(rng):
    x, w = values(rng, *sizes(rng, 2, 3, 5)), values(rng, *sizes(rng, 2, 1, 3))
    options = {"stride": pick(rng, 1, 2, (2, 1)), "padding": pick(rng, 0, 1)}
    return picture("animate_convolution", x=x.round(1), w=w, **options)


def animate_descent(rng):
    kernels = {step: values(rng, 3, 3) for step in (0, 2)}
    losses = [1.0, 0.5, 0.1]
    image = rng.random((1, *sizes(rng, 2, 1, 5)))
    return picture("animate_descent", image=image, kernels=kernels, losses=losses)


def animate_conv_transpose(rng):
    x, w = values(rng, *sizes(rng, 2, 1, 3)), values(rng, *sizes(rng, 2, 1, 3))
    return picture("animate_conv_transpose", x=x, w=w, stride=pick(rng, 1, 2, (2, 1)))


def animate_switches(rng):
    return picture("animate_switches", x=values(rng, *sizes(rng, 2, 2, 5)), size=2)


def animate_pooling(rng):
    return picture("animate_pooling", image=rng.random((1, 4, 6)), size=2)


def animate_sliding_window(rng):
    image = photograph(rng)
    options = {"labels": labels(rng, image), "window": 3, "step": 5}
    return picture("animate_sliding_window", image=image, **options)


def save_gif(rng):
    path = Path(tempfile.gettempdir()) / "nn_scratch_random_pictures.gif"
    frames = [Figure(figsize=(0.5, 0.5)) for _ in range(rng.integers(1, 3))]
    return picture("save_gif", frames=frames, path=path, dpi=30, seconds=0.5)


def plot_losses(rng):
    def history():
        return {"steps": [{"loss": loss} for loss in numbers(rng, rng.integers(1, 60))]}

    return picture("plot_losses", histories=titled(rng, history))


def plot_dots(rng):
    panels = titled(rng, lambda: [numbers(rng, rng.integers(1, 4)) for _ in NAMES])
    options = {"logarithmic": pick(rng, (), ["one"]), "groups": pick(rng, None, ["a", "a", "b"])}
    options |= {"marks": pick(rng, None, {"one": 0.5})}
    return picture("plot_dots", names=NAMES, panels=panels, **options)


def plot_roofline(rng):
    points = titled(rng, lambda: tuple(numbers(rng, 2)))
    return picture("plot_roofline", points=points, bandwidth=20.0, rate=100.0)


def plot_lines(rng):
    x = numbers(rng, rng.integers(1, 30))
    options = {"xlabel": "x", "ylabel": "y", "logarithmic": pick(rng, "", "x", "y", "xy")}
    options["marks"] = pick(rng, None, {"a mark": 1.5})
    return picture("plot_lines", lines=titled(rng, lambda: numbers(rng, len(x))), x=x, **options)


def plot_shares(rng):
    bars = titled(rng, lambda: dict(zip("abc", numbers(rng, rng.integers(1, 4)), strict=False)))
    return picture("plot_shares", bars=bars)


def plot_filtered(rng):
    kernels = titled(rng, lambda: kernel(rng, 1, 3))
    return picture("plot_filtered", image=photograph(rng, channels=(1,)), kernels=kernels)


def plot_signed(rng):
    maps = titled(rng, lambda: values(rng, *pixels(rng)))
    return picture("plot_signed", maps=maps, columns=pick(rng, None, 2), size=1.5)


def plot_phases(rng):
    kernels = titled(rng, lambda: kernel(rng, 2, 3, 4))
    return picture("plot_phases", kernels=kernels, stride=2, size=4)


def plot_two_boxes(rng):
    true_box, box = boxes(rng, 2)
    return picture("plot_two_boxes", true_box=true_box, box=box)


def plot_two_heads(rng):
    chances = np.array([0.2, 0.5, 0.3])
    options = {"box": boxes(rng, 1)[0], "class_names": NAMES, "features": 64}
    return picture("plot_two_heads", image=photograph(rng), probabilities=chances, **options)


def plot_views(rng):
    views = titled(rng, lambda: tuple(sizes(rng, 2, 1, 9)))
    return picture("plot_views", image=photograph(rng), views=views, pixel=(0, 0))


def plot_threads(rng):
    return picture("plot_threads", count=int(rng.integers(1, 20)), block_size=4)


def plot_chain(rng):
    return picture("plot_chain", layers=NAMES[: rng.integers(1, 4)])


def plot_kernels(rng):
    count = rng.integers(1, 4)
    maps = values(rng, count, *pixels(rng))
    return picture("plot_kernels", kernels=values(rng, count, 3, 3), maps=maps)


def plot_point(rng):
    image = rng.random((pick(rng, 1, 3), 12, 12))
    return picture("plot_point", image=image, box=boxes(rng, 1)[0], stride=pick(rng, 2, 4))


def plot_heat(rng):
    panels = titled(rng, lambda: (photograph(rng), rng.random(pixels(rng))))
    return picture("plot_heat", panels=panels, columns=2)


def plot_suppression(rng):
    count = int(rng.integers(1, 5))
    options = {"scores": rng.random(count).round(2), "iou_threshold": 0.5}
    return picture("plot_suppression", boxes=boxes(rng, count), **options)


def plot_precision_recall(rng):
    right = (rng.random(rng.integers(1, 6)) < 0.5).tolist()
    return picture("plot_precision_recall", right=right, num_objects=6)


def plot_anchors(rng):
    some = {"true_boxes": boxes(rng, 2), "anchors": boxes(rng, 4)}
    return picture("plot_anchors", image=photograph(rng), **some, iou_threshold=0.5)


def plot_scatter_and_gather(rng):
    options = {"input_size": (4, 4), "kernel_size": 2, "stride": 2}
    return picture("plot_scatter_and_gather", switches=rng.integers(0, 16, (2, 2)), **options)


def plot_tile(rng):
    return picture("plot_tile", product=(8, 12, 16), tile=(4, 4), depth=2, names=("a", "b", "c"))


def plot_bars(rng):
    bars = titled(rng, lambda: float(1 + rng.random()))
    options = {"texts": pick(rng, None, {"one": "1 s"}), "least": pick(rng, None, {"one": 0.5})}
    options |= {"mark": "least", "logarithmic": pick(rng, True, False)}
    return picture("plot_bars", bars=bars, xlabel="seconds", **options)


def plot_timeline(rng):
    rows = titled(rng, lambda: [(0.0, 1.0, "reads"), (1.5, 2.0, "works")])
    kinds = pick(rng, None, ["reads", "works"])
    return picture("plot_timeline", rows=rows, xlabel="seconds", kinds=kinds)


def plot_units(rng):
    return picture("plot_units", machines=titled(rng, lambda: tuple(sizes(rng, 2, 1, 40))))


def plot_ways(rng):
    rows = titled(rng, lambda: {"one way": float(rng.random() + 0.1), "another": 2.0})
    return picture("plot_ways", rows=rows, xlabel="seconds")


def plot_pooled(rng):
    size = sizes(rng, 2, 2, 6)
    images = titled(rng, lambda: rng.random((1, *size)))
    return picture("plot_pooled", images=images, kernel_size=2)


def plot_switches(rng):
    dy = pick(rng, None, values(rng, 2, 3))
    return picture("plot_switches", x=values(rng, 4, 6).round(1), kernel_size=2, dy=dy)


def plot_overlap(rng):
    x, dy = (values(rng, *shape).round(1) for shape in ((5, 7), (2, 3)))
    return picture("plot_overlap", x=x, dy=dy, kernel_size=3, stride=2)


def plot_points(rng):
    image = photograph(rng, channels=(1,))
    maps = titled(rng, lambda: image[0] * (rng.random(image.shape[1:]) < 0.3))
    return picture("plot_points", image=image, maps=maps)


def plot_dilation(rng):
    return picture("plot_dilation", kernel_size=pick(rng, 2, 3), dilations=[1, 2, 4])


def plot_blocks(rng):
    arrays = {"small": values(rng, 2, 3).round(1), "large": values(rng, 4, 6).round(1)}
    return picture("plot_blocks", arrays=arrays, size=2)


def plot_interpolation(rng):
    count, wanted = sizes(rng, 2, 1, 8)
    return picture("plot_interpolation", count=count, wanted=wanted)


def plot_ridges(rng):
    panels = titled(rng, lambda: titled(rng, lambda: values(rng, *pixels(rng))))
    return picture("plot_ridges", panels=panels, xlabel="value")


def plot_valley(rng):
    ways = titled(rng, lambda: values(rng, 3, 2).tolist())
    place = {"x": [-1.0, 0.0, 1.0], "y": [-1.0, 0.0, 1.0, 2.0], "xlabel": "a", "ylabel": "b"}
    return picture("plot_valley", loss=0.1 + rng.random((4, 3)), ways=ways, **place)


def plot_progress(rng):
    done = titled(rng, lambda: float(rng.random()))
    return picture("plot_progress", done=done, side=int(rng.integers(1, 50)))


def plot_confusion(rng):
    confusion = rng.integers(0, 9, (len(NAMES), len(NAMES)))
    return picture("plot_confusion", confusion=confusion, class_names=NAMES)


def plot_counts(rng):
    confusion = rng.integers(0, 9, (len(NAMES), len(NAMES)))
    return picture("plot_counts", confusion=confusion, class_names=NAMES)


def plot_patches(rng):
    options = {"places": [(0, 0), (2, 3)], "window": 3}
    return picture("plot_patches", image=rng.random((1, 4, 5)), **options)


def plot_strip(rng):
    frames = plotting.animate_switches(values(rng, 4, 4))
    return picture("plot_strip", frames=list(frames), at=(0, int(rng.integers(8))), columns=2)


def plot_dense_pool(rng):
    return picture("plot_dense_pool", line=values(rng, 8).round(1), taps=2)


TABLE = {
    f"plotting.{name}": globals().get(name) or functools.partial(labelled, name)
    for name in plotting.__all__
    if name in globals() or name in ("plot_four_tasks", "plot_overlay")
}
