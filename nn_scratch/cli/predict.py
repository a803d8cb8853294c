"""`nn-scratch predict`: what a checkpoint's net says of image files."""

from pathlib import Path

from nn_scratch.cli.options import add_device


def add(commands):
    """The command's parser."""
    parser = commands.add_parser(
        "predict", help="what a checkpoint's net says of image files, drawn on them"
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--out", type=Path, default=Path("predictions"), help="folder for pictures")
    add_device(parser)
    return parser


def run(options):
    """Predict, image by image."""
    from nn_scratch.backend import choose_device
    from nn_scratch.training.predict import predict

    device = choose_device(options.device)
    for said, picture in predict(options.checkpoint, options.images, options.out, device):
        print(f"{said}\n  {picture}")
    return 0
