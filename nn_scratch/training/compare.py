"""Train several nets alike, on the same data with several seeds, and compare quality and cost."""

import math
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from nn_scratch import strict_json
from nn_scratch.evaluation.display import NOTHING, display_name, display_value
from nn_scratch.graph import cost, untold_macs
from nn_scratch.layers import inference_mode
from nn_scratch.names import printable
from nn_scratch.plotting import charts
from nn_scratch.training.build_net import find_builder, label
from nn_scratch.training.distributed import world
from nn_scratch.training.output_folder import output_folder
from nn_scratch.training.recipes import Recipe
from nn_scratch.training.settings import SettingsError
from nn_scratch.training.tasks import TASKS

ROUNDS = 7  # of timing
TIMED_IMAGES = 8  # in one forward pass that is timed
FILES = ("comparison.json", "comparison.md", "comparison.png")
NO_BREAK = "\N{NO-BREAK SPACE}"  # a narrow column would break "0.904 ± 0.005" into three lines


def compare(
    task: str,
    nets: Sequence[str],
    seeds: Sequence[int],
    out: str | Path,
    *,
    device: str = "cpu",
    **settings: Any,
) -> dict[str, Any]:
    """Train every net with every seed, and return a report as plain values.

    task, settings: those of a recipe. device: where to train. Each run has a folder in `out`, from
    which it is resumed; a run that is complete is only read. The metrics are those of the last
    epoch on the validation images, so that no epoch is chosen by its score on them.

    Raises: SettingsError, UnknownNetError or UserCodeError, before any training, if a net does not
        exist or does not fit.
    """
    for what, given in ("nets", nets), ("seeds", seeds):
        if len(set(given)) < len(given):
            raise SettingsError(what, f"are {', '.join(map(str, given))}: one is there twice")
    recipes = _rehearsed(task, nets, seeds[0], settings)
    runs: dict[str, list] = {net: [] for net in nets}
    with output_folder(out) if world().rank == 0 else nullcontext() as folder:
        if folder is not None:
            folder.demand_free(*FILES)
        for seed in seeds:
            for net in nets:
                if seed != seeds[0]:
                    recipes[net] = _recipe(task, net, seed, settings, verify=False)
                place = Path(out) / f"{label(net)}-{seed}"
                runs[net].append(_run(recipes[net], place, device))
    return _report(recipes, runs, seeds)


def _rehearsed(task, nets, seed, settings) -> dict[str, Recipe]:
    """A Recipe for each net, which has shown that it can run on the data."""
    for net in nets:
        find_builder(TASKS[task].nets, task, net)
    recipes: dict[str, Recipe] = {}
    for net in nets:
        recipe = _recipe(task, net, seed, settings, verify=not recipes)
        if world().rank == 0 and not recipes and recipe.report:
            print(recipe.report, file=sys.stderr)
        recipe.rehearse()
        recipes[net] = recipe
    return recipes


def _recipe(task, net, seed, settings, verify):
    """The Recipe of one run. verify: whether to open all images first."""
    return Recipe(TASKS[task].Settings(net=net, seed=seed, **settings), verify=verify)


def _report(recipes, runs, seeds):
    """The report of all runs, with the costs of the nets, which are measured on the CPU."""
    recipe = next(iter(recipes.values()))
    for trained in recipes.values():
        trained.net.to("cpu")
    images = next(iter(recipe.validation.batches()))[0][:TIMED_IMAGES]
    rows = [
        {"net": name, **expense, "runs": runs[origin]}
        for name, origin, expense in _expenses(recipes, images)
    ]
    report = {
        "task": recipe.settings.task,
        "data": Path(recipe.settings.data).name,
        "image_size": recipe.facts["image_size"],
        "training_images": len(recipe.train.dataset),
        "validation_images": len(recipe.validation.dataset),
        "epochs": recipe.settings.epochs,
        "seeds": list(seeds),
        "rows": rows,
    }
    if found := recipe.task.baseline(recipe.train, recipe.validation):
        report["baseline"] = found
    return report


def _run(recipe, folder, device):
    """Train one net with one seed to the end, and return its metrics for the report."""
    if world().rank == 0:
        print(f"{label(recipe.settings.net)}, seed {recipe.settings.seed}", flush=True)
    recipe.net.to(device)
    history = recipe.run(checkpoint=folder / "checkpoint.npz", validation=recipe.validation)
    seconds = sum(epoch["seconds"] for epoch in history["epochs"])
    metrics = {name: history["epochs"][-1][name] for name in recipe.task.compared}
    return {"seed": recipe.settings.seed, "seconds": seconds, **metrics}


def write(report: dict, out: str | Path) -> list[Path]:
    """Write comparison.json, comparison.md and comparison.png to the folder `out`.

    Returns: the paths.
    Raises: OutputError if one of these is a file of the user's.
    """
    with output_folder(out) as folder:
        return [
            folder.write_text(FILES[0], strict_json.dumps(report, indent=1) + "\n"),
            folder.write_text(FILES[1], table(report) + "\n"),
            folder.write_figure(FILES[2], picture(report)),
        ]


def table(report: dict) -> str:
    """The report as a Markdown table, with mean ± standard deviation over the seeds."""
    metrics = TASKS[report["task"]].compared
    heads = [*map(display_name, metrics), "parameters", "MACs", "ms", "training"]
    lines = [
        f"{printable(report['data'])}, {'×'.join(map(str, report['image_size']))}: "
        f"{report['training_images']} images, {report['epochs']} epochs, "
        f"seeds {', '.join(map(str, report['seeds']))}; validated on "
        f"{report['validation_images']}. MACs and ms are of a forward pass of one image.",
        "",
        f"| | {' | '.join(heads)} |",
        f"|---|{'---:|' * len(heads)}",
    ]
    for row in report["rows"]:
        scores = [_mean_and_spread([run[name] for run in row["runs"]]) for name in metrics]
        seconds = statistics.mean(run["seconds"] for run in row["runs"])
        expense = [
            f"{row['params']:,}",
            NOTHING if row["macs"] is None else f"{row['macs'] / 1e6:,.1f} M",
            f"{1e3 * row['seconds']:.2f}",
            f"{seconds:,.0f} s",
        ]
        cells = [cell.replace(" ", NO_BREAK) for cell in (*scores, *expense)]
        lines.append(f"| {_cell(row['net'])} | {' | '.join(cells)} |")
    if found := report.get("baseline"):
        scores = [display_value(found.get(name)) for name in metrics]
        cells = [*scores, str(found["params"]), NOTHING, NOTHING, NOTHING]
        lines.append(f"| *{found['name']}* | {' | '.join(cells)} |")
    return "\n".join(lines)


def picture(report: dict) -> Figure:
    """A Figure with a dot for every run, in panels for two metrics, MACs and milliseconds."""
    rows = report["rows"]
    panels = {
        display_name(name): [[_known(run[name]) for run in row["runs"]] for row in rows]
        for name in TASKS[report["task"]].plotted
    }
    panels["MACs, millions"] = [[_known(row["macs"]) / 1e6] for row in rows]
    panels["ms for an image"] = [[1e3 * row["seconds"]] for row in rows]
    return charts.plot_dots([row["net"] for row in rows], panels, logarithmic=list(panels)[2:])


def _expenses(recipes, images):
    """For each net (name in the table, name of the net whose runs the row shows, costs), where the
    costs are parameters, and MACs and seconds for an image.

    A fully convolutional net made from a patch classifier gets a second row: the same classifier
    applied patch by patch, as a sliding window.
    """
    systems = []
    for name, recipe in recipes.items():
        net = recipe.net.eval()
        if sliding := getattr(net, "sliding_window", None):
            patch = images[:1, :, : net.patch, : net.patch]
            count = sliding.count(images.shape[2:])
            systems.append(("sliding-window", name, sliding, sliding.classifier, patch, count))
        systems.append((label(name), name, net, net, images[:1], 1))
    seconds = _seconds([(run, net) for _, _, run, net, *_ in systems], images)
    for (name, origin, _, net, counted, times), taken in zip(systems, seconds, strict=True):
        costs = cost(net, counted)
        total = costs[-1]
        yield (
            name,
            origin,
            {
                "params": total.params,
                "macs": None if untold_macs(costs) else times * total.macs,
                "seconds": taken / len(images),
            },
        )


def _seconds(systems, images):
    """The median seconds of a forward pass of each pair (callable, its net); they take turns."""
    taken = [[] for _ in systems]
    for _ in range(ROUNDS):
        for (run, net), times in zip(systems, taken, strict=True):
            start = time.perf_counter()
            with inference_mode(net):
                run(images)
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in taken]


def _mean_and_spread(values):
    """Mean ± standard deviation over the seeds; a dash if one seed has no value."""
    known = [_known(value) for value in values]
    if any(map(math.isnan, known)):
        return NOTHING
    mean = f"{statistics.mean(known):.3f}"
    return mean if len(known) == 1 else f"{mean} ± {statistics.stdev(known):.3f}"


def _known(value):
    """A metric as a number, which is NaN where JSON has null."""
    return math.nan if value is None else value


def _cell(text):
    """A text that can stand in a cell of a Markdown table."""
    return printable(text).replace("|", "\\|")
