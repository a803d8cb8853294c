"""`nn-scratch predict`: draw a trained net's predictions on image files."""

from pathlib import Path

from nn_scratch.cli.options import UsageError, add_device, add_net, add_trained


def add(commands):
    """Add the command's parser."""
    parser = commands.add_parser("predict", help="draw a trained net's predictions on image files")
    add_trained(parser)
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("predictions"),
        help="folder for pictures (default predictions)",
    )
    add_net(parser)
    add_device(parser)
    return parser


def run(options):
    """Predict image by image, and print each prediction."""
    from nn_scratch.backend import choose_device
    from nn_scratch.names import printable
    from nn_scratch.nets.pretrained import pretrained_file
    from nn_scratch.training.inference import predict

    checkpoint, images = options.checkpoint, options.images
    if options.pretrained is not None:
        images = [*filter(None, [checkpoint]), *images]
        checkpoint = pretrained_file(options.pretrained)
    elif checkpoint is None:
        raise UsageError("which net? nn-scratch predict CHECKPOINT|--pretrained NAME IMAGE ...")
    device = choose_device(options.device)
    found = predict(checkpoint, images, options.out, device, options.net)
    for text, picture in found:
        print(f"{printable(text)}\n  {printable(picture)}")
    return 0
