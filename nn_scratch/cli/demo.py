"""`nn-scratch demo`: check all gradients, train three nets, draw what they learned."""

import time
from pathlib import Path

from nn_scratch.cli.options import as_options

FULL = {
    "segmentation": {"epochs": 6, "scenes": 2500},
    "localization": {"epochs": 8, "scenes": 2500},
    "detection": {"epochs": 2, "scenes": 1500},
}
# Small batches make enough steps of few scenes for the losses to fall visibly.
QUICK = {
    "segmentation": {"epochs": 2, "scenes": 500, "batch_size": 10},
    "localization": {"epochs": 2, "scenes": 1300, "batch_size": 10},
    "detection": {"epochs": 1, "scenes": 400},
}
PICTURES = ("segmentation.png", "localization.png", "detection.png", "losses.png")
PAGE = "segmentation.html"


def add(commands):
    """Add the command's parser."""
    parser = commands.add_parser(
        "demo", help="check gradients, train three small nets, draw pictures"
    )
    parser.add_argument("--quick", action="store_true", help="a version of about 20 seconds")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of weights and scenes (default 0)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("demo"), help="folder for pictures (default demo)"
    )
    return parser


def run(options):
    """Run the demonstration. The exit status is 1 if a gradient check failed."""
    from nn_scratch.evaluation.display import display_name, display_value
    from nn_scratch.plotting import charts
    from nn_scratch.training.output_folder import output_folder
    from nn_scratch.training.recipes import recipe

    quick, begin = options.quick, time.perf_counter()
    with as_options(), output_folder(options.out) as folder:
        folder.demand_free(*PICTURES, PAGE)
        trained = {}
        for name, size in (QUICK if quick else FULL).items():
            trained[name] = recipe(name, seed=options.seed, **size)
        print("1. Gradient checks: every backward pass against differences of its forward pass")
        right = _check_in_brief()

        histories = {}
        for number, (name, made) in enumerate(trained.items(), start=2):
            scenes = f"{made.settings.epochs} × {made.settings.scenes} scenes of handwritten digits"
            print(f"\n{number}. {name.capitalize()}: {scenes}")
            histories[name] = made.run()

        print("\n5. Results on scenes with digits that were not trained on")
        for name, made in trained.items():
            for metric, value in made.evaluate().items():
                if isinstance(value, float):
                    print(f"   {name:<14}{display_name(metric):<24}{display_value(value)}")

        figures = [made.picture() for made in trained.values()] + [charts.plot_losses(histories)]
        print(f"\n6. Pictures, after {time.perf_counter() - begin:.0f} seconds")
        for name, figure in zip(PICTURES, figures, strict=True):
            print(f"   {folder.write_figure(name, figure)}")
        _write_page(folder, trained["segmentation"])
    if quick:
        print("\nThis was the quick version; without --quick the nets learn more.")
    return 0 if right else 1


def _write_page(folder, recipe):
    """Write the page of a recipe's trained net, and print how to open it."""
    from nn_scratch.training.export import page_of
    from nn_scratch.training.inference import Trained

    trained = Trained(recipe.net.eval(), type(recipe.task), recipe.settings, recipe.facts)
    content = page_of(trained)
    path = folder.write(PAGE, lambda path: path.write_bytes(content))
    print("\n7. A page: draw a digit, and the net labels every pixel while you draw")
    print(f"   {path}: open it in a browser, by a double click or at")
    print(f"   {path.resolve().as_uri()}")


def _check_in_brief():
    """Check the whole library, print one line, and return whether all is right."""
    from nn_scratch.check.run import library_cases, run_case

    begin = time.perf_counter()
    results = [run_case(case) for case in library_cases()]
    errors = [row.error for result in results for row in result.gradients.rows]
    wrong = [result.case.name for result in results if not result.ok]
    verdict = f"WRONG: {', '.join(wrong)}" if wrong else "all right"
    print(
        f"   {len(errors)} gradients in {len(results)} checks, largest relative error "
        f"{max(errors):.0e}: {verdict} ({time.perf_counter() - begin:.1f} s)"
    )
    return not wrong
