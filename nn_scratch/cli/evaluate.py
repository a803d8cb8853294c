"""`nn-scratch evaluate`: the metrics of a trained net."""

from pathlib import Path

from nn_scratch import strict_json
from nn_scratch.cli.options import add_device, add_net
from nn_scratch.cli.tables import show_metrics


def add(commands):
    """Add the command's parser."""
    parser = commands.add_parser("evaluate", help="print the metrics of a trained net")
    parser.add_argument("checkpoint", type=Path, help="a file that train wrote")
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="a folder whose validation images are used (default: that of the training)",
    )
    parser.add_argument(
        "--split",
        choices=("validation", "test"),
        default="validation",
        help="test: the images in test/ and testannot/, or in test.txt of ImageSets/; the lowest "
        "row of coins; in detection, digits kept for testing (default validation)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_net(parser)
    add_device(parser)
    return parser


def run(options):
    """Evaluate, and print the metrics."""
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
