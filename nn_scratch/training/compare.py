"""Several nets on the same data, trained alike over several seeds, side by side: how good each is,
and what it costs."""

import statistics
import time
from pathlib import Path

import numpy as np

from nn_scratch import strict_json
from nn_scratch.evaluation import boxes
from nn_scratch.evaluation.segmentation import spoken
from nn_scratch.graph.cost import cost
from nn_scratch.layers import inference_mode
from nn_scratch.nets.zoo import builder
from nn_scratch.plotting import figures
from nn_scratch.training.distributed import ALONE
from nn_scratch.training.recipes import RECIPES

METRICS = {
    "segmentation": ("mean_iou", "boundary_f1", "class_average_accuracy", "global_accuracy"),
    "localization": ("class_accuracy", "mean_box_iou", "success"),
}
ROUNDS = 7
TIMED_IMAGES = 8  # in one call
FILES = ("comparison.json", "comparison.md", "comparison.png")
NO_BREAK = "\N{NO-BREAK SPACE}"  # a narrow column would break "0.904 ± 0.005" into three lines


def compare(task, nets, seeds, out, *, ranks=ALONE, device="cpu", **settings):
    """Train every net with every seed, and return the report of all, a dict.

    task, settings: as the recipe's. device: where to train. Runs are kept in folders of `out` and
    resumed from there; one that is complete is only read. The metrics are those of the last epoch,
    on the validation images: none is chosen by what it scored there.
    """
    for net in nets:
        builder(task, net)  # complains before hours of training, not after
    runs, recipes = {net: [] for net in nets}, {}
    for seed in seeds:
        for net in nets:
            recipes[net] = RECIPES[task](net=net, seed=seed, **settings)
            recipes[net].net.to(device)
            if ranks.rank == 0:
                print(f"{net}, seed {seed}", flush=True)
            history = recipes[net].run(
                checkpoint=Path(out) / f"{net}-{seed}" / "checkpoint.npz",
                validation=recipes[net].validation,
                ranks=ranks,
            )
            seconds = sum(epoch["seconds"] for epoch in history["epochs"])
            last = history["epochs"][-1]
            metrics = {name: last[name] for name in METRICS[task]}
            runs[net].append({"seed": seed, "seconds": seconds, **metrics})
    recipe = recipes[nets[0]]
    for trained in recipes.values():
        trained.net.to("cpu")  # seconds are taken there
    images = next(iter(recipe.validation.batches()))[0][:TIMED_IMAGES]
    rows = [
        {"net": name, **expense, "runs": runs[origin]}
        for name, origin, expense in _expenses(recipes, images)
    ]
    report = {
        "task": task,
        "data": Path(recipe.settings["data"]).name,
        "image_size": recipe.settings["image_size"],
        "training_images": len(recipe.train.dataset),
        "validation_images": len(recipe.validation.dataset),
        "epochs": recipe.settings["epochs"],
        "seeds": list(seeds),
        "rows": rows,
    }
    if task == "localization":
        report["constant_box"] = _constant_box(recipe)
    return report


def write(report, out):
    """comparison.json, comparison.md and comparison.png in the folder `out`."""
    paths = [Path(out) / name for name in FILES]
    paths[0].write_text(strict_json.dumps(report, indent=1) + "\n", encoding="utf-8")
    paths[1].write_text(table(report) + "\n", encoding="utf-8")
    picture(report).savefig(paths[2], dpi=110)
    return paths


def table(report):
    """The report as a Markdown table; mean ± standard deviation over the seeds."""
    metrics = METRICS[report["task"]]
    heads = [*map(spoken, metrics), "weights", "products", "ms", "training"]
    lines = [
        f"{report['data']}, {'×'.join(map(str, report['image_size']))}: "
        f"{report['training_images']} images, {report['epochs']} epochs, "
        f"seeds {', '.join(map(str, report['seeds']))}; validated on "
        f"{report['validation_images']}. Products and ms are of a forward pass of one image.",
        "",
        f"| | {' | '.join(heads)} |",
        f"|---|{'---:|' * len(heads)}",
    ]
    for row in report["rows"]:
        scores = [_mean_and_spread([run[name] for run in row["runs"]]) for name in metrics]
        seconds = statistics.mean(run["seconds"] for run in row["runs"])
        expense = [
            f"{row['weights']:,}",
            f"{row['products'] / 1e6:,.1f} M",
            f"{1e3 * row['seconds']:.2f}",
            f"{seconds:,.0f} s",
        ]
        cells = [cell.replace(" ", NO_BREAK) for cell in (*scores, *expense)]
        lines.append(f"| {row['net']} | {' | '.join(cells)} |")
    if "constant_box" in report:
        constant = [f"{report['constant_box'][n]:.3f}" for n in ("mean_box_iou", "success")]
        lines.append(f"| *the best constant box* | – | {' | '.join(constant)} | 4 | – | – | – |")
    return "\n".join(lines)


def picture(report):
    """A Figure with a dot for every run: two metrics, products and milliseconds."""
    rows, names = report["rows"], METRICS[report["task"]][-2:]
    if report["task"] == "segmentation":
        names = METRICS["segmentation"][:2]
    panels = {spoken(n): [[r[n] for r in row["runs"]] for row in rows] for n in names}
    panels["products, millions"] = [[row["products"] / 1e6] for row in rows]
    panels["ms for an image"] = [[1e3 * row["seconds"]] for row in rows]
    return figures.plot_dots([row["net"] for row in rows], panels, logarithmic=list(panels)[2:])


def _expenses(recipes, images):
    """(name, whose runs it shows, weights, products and seconds for an image) of each net.

    A fully convolutional patch classifier is also run as what it came from, patch by patch.
    """
    systems = []
    for name, recipe in recipes.items():
        net = recipe.net.eval()
        if sliding := getattr(net, "sliding_window", None):
            patch = images[:1, :, : net.patch, : net.patch]
            pixels = images[0, 0].size
            systems.append(("sliding-window", name, sliding, sliding.classifier, patch, pixels))
        systems.append((name, name, net, net, images[:1], 1))
    seconds = _seconds([(run, net) for _, _, run, net, *_ in systems], images)
    for (name, origin, _, net, counted, times), taken in zip(systems, seconds, strict=True):
        total = cost(net, counted)[-1]
        yield (
            name,
            origin,
            {
                "weights": total.params,
                "products": times * total.macs,
                "seconds": taken / len(images),
            },
        )


def _seconds(systems, images):
    """The median seconds of a forward pass for each (system, its net); they take turns."""
    taken = [[] for _ in systems]
    for _ in range(ROUNDS):
        for (run, net), times in zip(systems, taken, strict=True):
            start = time.perf_counter()
            with inference_mode(net):
                run(images)
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in taken]


def _constant_box(recipe):
    """What the one box that suits the training boxes best scores on the validation boxes."""
    train, truth = (_fractions(part) for part in (recipe.train, recipe.validation))
    box = boxes.best_constant_box(train)
    ious = boxes.box_iou(np.broadcast_to(box, truth.shape), truth)
    return {
        "box": box.tolist(),
        "mean_box_iou": float(ious.mean()),
        "success": boxes.success_rate(ious),
    }


def _fractions(loader):
    return np.concatenate([boxes.to_fractions(b, x.shape[2:]) for x, _, b in loader.batches()])


def _mean_and_spread(values):
    mean = f"{statistics.mean(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.3f}"
