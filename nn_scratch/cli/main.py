"""The command line: nn-scratch demo | check | exercise | train | evaluate | predict | compare |
info."""

import argparse
import json
import sys
from inspect import signature
from pathlib import Path

import nn_scratch

CHECK_HELP = """\
what to check:
  nn-scratch check                      every op, layer and net of the library
  nn-scratch check conv2d               one of them
  nn-scratch check my.py:MyLayer        a layer of your own file
  nn-scratch check my.py:my_op          functions my_op and my_op_backward of your own file

Your file may say on what, with a function example() that returns the inputs as a tuple, for
instance (np.ones((2, 3, 8, 7)),); a layer may come first, a dict of options last.
"""


EXERCISE_HELP = """\
what to do:
  nn-scratch exercise start [DIR]       put the blanks into a folder (default exercises)
  nn-scratch exercise                   list them: done, failing, to do
  nn-scratch exercise 03                check one: a number, a file, or a function of one
  nn-scratch exercise 03 --watch        and again whenever its file is saved
  nn-scratch exercise 03 --hint         the next hint; the more you ask, the more they tell
  nn-scratch exercise 03 --solution     one way to write it
  nn-scratch exercise reset 03          put the blank back, after asking

Each checks your functions on a ladder of small cases, and stops at the first that fails.
"""

DATA_HELP = """\
Images of your own, in a folder that has
for segmentation:
{segmentation}
for localization:
{localization}
"""


class UsageError(ValueError):
    """A command that cannot be meant."""


def main(arguments=None):
    """Run a command; returns the exit status: 0 fine, 1 a check failed, 2 a wrong call."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except _expected_errors() as error:
        print(f"nn-scratch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nnn-scratch: interrupted", file=sys.stderr)
        return 130


def _expected_errors():
    from nn_scratch.backend import DeviceError
    from nn_scratch.check.user_code import UserCodeError
    from nn_scratch.data import DataError
    from nn_scratch.nets.zoo import UnknownNetError
    from nn_scratch.training import CheckpointError, DivergedError, RanksError

    wrong_call = UsageError, UnknownNetError, UserCodeError, DeviceError
    return *wrong_call, DataError, CheckpointError, DivergedError, RanksError


def _parser():
    from nn_scratch.data.sources import LAYOUTS

    data_help = DATA_HELP.format(**LAYOUTS)
    parser = argparse.ArgumentParser(
        prog="nn-scratch",
        description="Segmentation and localization networks, built by hand in NumPy.",
    )
    parser.add_argument(
        "--version", action="version", version=f"nn-scratch {nn_scratch.__version__}"
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="check gradients, train two small nets, draw pictures")
    demo.add_argument("--quick", action="store_true", help="a version of about 20 seconds")
    demo.add_argument("--seed", type=int, default=0, help="of weights and scenes (default 0)")
    demo.add_argument("--out", type=Path, default="demo", help="folder for pictures (default demo)")
    demo.set_defaults(run=_demo)

    check = commands.add_parser(
        "check",
        help="check gradients: the library's or your own",
        epilog=CHECK_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("what", nargs="?", help="an op, a layer, or FILE.py:NAME (default: all)")
    check.add_argument("--json", action="store_true", help="print JSON, for a grader")
    check.set_defaults(run=_check)

    exercise = commands.add_parser(
        "exercise",
        help="write the passes yourself, and be told what is wrong",
        epilog=EXERCISE_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    exercise.add_argument("what", nargs="?", help="start, reset, a number, a file or a function")
    exercise.add_argument("more", nargs="?", help="the folder to start, or the exercise to reset")
    exercise.add_argument("--watch", action="store_true", help="check again after every save")
    exercise.add_argument("--hint", action="store_true", help="the next hint")
    exercise.add_argument("--solution", action="store_true", help="one way to write it")
    exercise.add_argument("--plot", type=Path, metavar="FILE", help="draw what is wrong")
    exercise.add_argument("--json", action="store_true", help="print JSON, for a grader")
    exercise.add_argument("--yes", action="store_true", help="reset without asking")
    exercise.set_defaults(run=_exercise)

    train = commands.add_parser(
        "train",
        help="train a net on the digit scenes or on your own images; resumes",
        description="Train a net on the digit scenes or on a folder of images. Resumes where an\n"
        "interrupted run stopped. `mpiexec -n 2 nn-scratch train ...` shares each batch\n"
        "among two processes.",
        epilog=data_help,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_experiment(train)
    train.add_argument("--net", default=argparse.SUPPRESS, help="a name; nn-scratch info lists all")
    train.add_argument("--seed", type=int, default=0, help="of weights and images (default 0)")
    train.add_argument(
        "--out",
        type=Path,
        help="folder for checkpoints, history, picture (default runs/TASK-SEED)",
    )
    _add_device(train)
    train.set_defaults(run=_train)

    evaluate = commands.add_parser("evaluate", help="the metrics of a checkpoint on images")
    evaluate.add_argument("checkpoint", type=Path)
    evaluate.add_argument(
        "--data",
        help="a folder, of which the validation part is taken "
        "(default: what the net was trained on)",
    )
    evaluate.add_argument("--json", action="store_true", help="print JSON")
    _add_device(evaluate)
    evaluate.set_defaults(run=_evaluate)

    predict = commands.add_parser(
        "predict", help="what a checkpoint's net says of image files, drawn on them"
    )
    predict.add_argument("checkpoint", type=Path)
    predict.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    predict.add_argument(
        "--out", type=Path, default=Path("predictions"), help="folder for pictures"
    )
    _add_device(predict)
    predict.set_defaults(run=_predict)

    compare = commands.add_parser(
        "compare",
        help="train several nets over several seeds; a table and a plot",
        description="Train several nets alike over several seeds, and put what they score and\n"
        "cost side by side. Runs are kept in the folder --out and resumed from there.",
        epilog=data_help,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_experiment(compare)
    compare.add_argument(
        "--nets", nargs="+", required=True, help="names; nn-scratch info lists all"
    )
    compare.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="(default 0 1 2)")
    compare.add_argument("--out", type=Path, default=Path("comparison"))
    _add_device(compare)
    compare.set_defaults(run=_compare)

    info = commands.add_parser(
        "info", help="versions, BLAS, threads, whether a GPU is usable; or what a net costs"
    )
    info.add_argument(
        "task",
        nargs="?",
        choices=("segmentation", "localization"),
        help="list the nets for it, and show one, layer by layer, for one training batch",
    )
    info.add_argument("--net", default=argparse.SUPPRESS, help="which (default: the first choice)")
    info.set_defaults(run=_info)
    return parser


def _add_experiment(parser):
    """The arguments that become a recipe's settings, by the names of its parameters."""

    def add(name, help, **options):
        parser.add_argument(name, default=argparse.SUPPRESS, help=help, **options)

    parser.add_argument("task", choices=("segmentation", "localization"))
    add("--data", "a folder of images (default: the digit scenes)", metavar="PATH")
    add("--size", "bring all images to this size", nargs=2, type=int, metavar=("H", "W"))
    add("--epochs", "passes over the images", type=int)
    add("--scenes", "digit scenes per pass", type=int)
    add("--batch-size", "images per step", type=int)
    add("--lr", "the largest learning rate", type=float, dest="max_lr")
    add("--width", "channels of the net's first stage", type=int)
    add("--kernel-size", "of the net's convolutions", type=int)
    add("--flip", "left and right exchanged in half of the training images", action="store_true")
    add(
        "--placement",
        "localization: each image somewhere on a canvas up to FACTOR times as large",
        type=float,
        metavar="FACTOR",
    )
    add("--class-weights", "segmentation: of the loss", choices=("none", "median_frequency"))
    add("--ignore-index", "segmentation: the label of pixels that do not count", type=int)


def _add_device(parser):
    parser.add_argument(
        "--device",
        choices=("cpu", "gpu", "auto"),
        default="cpu",
        help="where to compute; auto: on a GPU if there is one (default cpu)",
    )


OF_COMMANDS = ("task", "seed", "seeds", "nets", "out", "device", "run")


def _settings(options):
    """What was given of a recipe's settings; an option that the task has not is a wrong call."""
    from nn_scratch.training.recipes import RECIPES

    known = signature(RECIPES[options.task]).parameters
    given = {name: v for name, v in vars(options).items() if name not in OF_COMMANDS}
    wrong = [f"--{name.replace('_', '-')}" for name in given if name not in known]
    if wrong:
        raise UsageError(f"{', '.join(wrong)}: not for {options.task}")
    return given


def _demo(options):
    from nn_scratch.cli.demo import demo

    return 0 if demo(options.out, seed=options.seed, quick=options.quick) else 1


def _check(options):
    from nn_scratch.check.run import check_and_show

    return 0 if check_and_show(options.what, as_json=options.json) else 1


def _exercise(options):
    from nn_scratch.exercises import screens
    from nn_scratch.exercises.workspace import FOLDER, Workbook

    if options.what == "start":
        return screens.start(options.more or FOLDER)
    book = Workbook.near()
    if options.what is None:
        return screens.show_list(book, as_json=options.json)
    if options.what == "reset":
        if options.more is None:
            raise UsageError("which exercise? nn-scratch exercise reset 03")
        return screens.reset(book, options.more, ask=not options.yes)
    if options.hint:
        return screens.show_hint(book, options.what)
    if options.solution:
        return screens.show_solution(book, options.what)
    if options.watch:
        return screens.watch(book, options.what)
    return screens.check(book, options.what, as_json=options.json, plot=options.plot)


def _train(options):
    from nn_scratch.training import world

    ranks = world()
    with ranks.stop_together():
        return _train_on(ranks, options)


def _train_on(ranks, options):
    from nn_scratch.backend import choose_device
    from nn_scratch.training.recipes import RECIPES

    recipe = RECIPES[options.task](seed=options.seed, **_settings(options))
    out = options.out or Path("runs") / f"{options.task}-{options.seed}"
    checkpoint = out / "checkpoint.npz"
    recipe.net.to(choose_device(options.device))
    history = recipe.run(checkpoint=checkpoint, validation=recipe.validation, ranks=ranks)
    if ranks.rank > 0:
        return 0
    metrics = {name: history["epochs"][-1][name] for name in recipe.task.metrics}
    report = {"settings": recipe.settings, "validation": metrics, **history}
    (out / "history.json").write_text(json.dumps(report, indent=1))
    recipe.picture().savefig(out / "picture.png", dpi=110)
    _show(metrics, recipe.class_names)
    for name in "checkpoint.npz", "best.npz", "history.json", "picture.png":
        print(out / name)
    return 0


def _evaluate(options):
    from nn_scratch.backend import choose_device
    from nn_scratch.training.predict import evaluate_checkpoint

    device = choose_device(options.device)
    metrics, class_names = evaluate_checkpoint(options.checkpoint, options.data, device)
    if options.json:
        print(json.dumps(metrics, indent=1))
    else:
        _show(metrics, class_names)
    return 0


def _show(metrics, class_names):
    """One line for each metric, and for each class where there is one value a class."""
    from nn_scratch.evaluation.segmentation import spoken

    for name, value in metrics.items():
        if isinstance(value, float):
            print(f"{spoken(name):<24}{value:.3f}")
        else:
            print(spoken(name))
            for class_name, one in zip(class_names, value, strict=True):
                print(f"  {class_name:<22}{one:.3f}")


def _predict(options):
    from nn_scratch.backend import choose_device
    from nn_scratch.training.predict import predict

    device = choose_device(options.device)
    for said, picture in predict(options.checkpoint, options.images, options.out, device):
        print(f"{said}\n  {picture}")
    return 0


def _compare(options):
    from nn_scratch.training import world

    ranks = world()
    with ranks.stop_together():
        return _compare_on(ranks, options)


def _compare_on(ranks, options):
    from nn_scratch.backend import choose_device
    from nn_scratch.training.compare import compare, table, write

    report = compare(
        options.task,
        options.nets,
        options.seeds,
        options.out,
        ranks=ranks,
        device=choose_device(options.device),
        **_settings(options),
    )
    if ranks.rank == 0:
        paths = write(report, options.out)
        print(f"\n{table(report)}\n")
        print("\n".join(map(str, paths)))
    return 0


def _info(options):
    from nn_scratch.cli.info import info, net_cost
    from nn_scratch.nets.zoo import ZOO

    if options.task:
        print(net_cost(**_settings(options), task=options.task))
        print(f"\nnets for {options.task}: {', '.join(ZOO[options.task])}")
        return 0
    for what, value in info():
        print(f"{what:<12}{value}")
    return 0
