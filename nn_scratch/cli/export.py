"""`nn-scratch export`: write a trained net as an ONNX file, or as a page for the browser."""

from pathlib import Path

from nn_scratch.cli.options import UsageError, add_net, add_trained

DESCRIPTION = """\
The ending of FILE says what to write: .onnx for onnxruntime and other programs
(needs nn-scratch[export]), .html for a page that runs the net in any browser,
also without a network."""


def add(commands):
    """Add the command's parser."""
    parser = commands.add_parser(
        "export",
        help="write a trained net as an ONNX file, or as a page for the browser",
        description=DESCRIPTION,
    )
    add_trained(parser)
    parser.add_argument("file", type=Path, metavar="FILE", help="net.onnx or page.html")
    add_net(parser)
    return parser


def run(options):
    """Write the file, and print its path."""
    from nn_scratch.names import printable
    from nn_scratch.nets.pretrained import pretrained_file
    from nn_scratch.training.export import export
    from nn_scratch.training.inference import load_net

    if (options.checkpoint is None) == (options.pretrained is None):
        raise UsageError("which net? nn-scratch export CHECKPOINT|--pretrained NAME FILE")
    checkpoint = options.checkpoint or pretrained_file(options.pretrained)
    path = export(load_net(checkpoint, options.net), options.file)
    size = path.stat().st_size / 1e6
    print(f"{printable(path)}, {size:.1f} MB{how_to_open(path)}")
    return 0


def how_to_open(path):
    """How to open the file, if it is a page; else nothing."""
    return ": open it in a browser, here or on a telephone" if path.suffix == ".html" else ""
