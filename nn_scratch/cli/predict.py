"""`nn-scratch predict`: what a checkpoint's net says of image files."""

from pathlib import Path

from nn_scratch.cli.options import add_device, add_net


def add(commands):
    """The command's parser."""
    parser = commands.add_parser(
        "predict", help="what a checkpoint's net says of image files, drawn on them"
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("predictions"),
        help="folder for pictures (default predictions)",
    )
    add_net(parser, "where a net of your own is now, if its file was moved")
    add_device(parser)
    return parser


def run(options):
    """Predict, image by image."""
    from nn_scratch.backend import choose_device
    from nn_scratch.evaluation.names import printable
    from nn_scratch.training.inference import predict

    device = choose_device(options.device)
    found = predict(options.checkpoint, options.images, options.out, device, options.net)
    for text, picture in found:
        print(f"{printable(text)}\n  {printable(picture)}")
    return 0
