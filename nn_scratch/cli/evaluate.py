"""`nn-scratch evaluate`: the metrics of a checkpoint's net."""

from pathlib import Path

from nn_scratch import strict_json
from nn_scratch.cli.options import add_device, add_net
from nn_scratch.cli.tables import show_metrics


def add(commands):
    """The command's parser."""
    parser = commands.add_parser("evaluate", help="the metrics of a checkpoint on images")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="a folder, of which the validation part is taken "
        "(default: what the net was trained on)",
    )
    parser.add_argument(
        "--split",
        choices=("validation", "test"),
        default="validation",
        help="test: images kept for the end: those in test/ and testannot/, or in test.txt of "
        "ImageSets/; the lowest row of coins; digits of their own in detection (default "
        "validation)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_net(parser, "where a net of your own is now, if its file was moved")
    add_device(parser)
    return parser


def run(options):
    """Evaluate and show."""
    from nn_scratch.backend import choose_device
    from nn_scratch.training.inference import evaluate_checkpoint

    device = choose_device(options.device)
    metrics, class_names = evaluate_checkpoint(
        options.checkpoint, options.data, device, options.net, options.split
    )
    if options.json:
        print(strict_json.dumps(metrics, indent=1))
    else:
        show_metrics(metrics, class_names)
    return 0
