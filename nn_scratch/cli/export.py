"""`nn-scratch export`: a checkpoint's net as an ONNX file, or as a page for the browser."""

from pathlib import Path

from nn_scratch.cli.options import UsageError, add_net, add_trained


def add(commands):
    """The command's parser."""
    parser = commands.add_parser(
        "export",
        help="a checkpoint's net as an ONNX file, or as a page for the browser",
        description="The file's ending says as what: net.onnx for onnxruntime and other programs "
        "(needs nn-scratch[export]), page.html for any browser, also without a network.",
    )
    add_trained(parser)
    parser.add_argument("file", type=Path, help="what to write: … .onnx or … .html")
    add_net(parser, "where a net of your own is now, if its file was moved")
    return parser


def run(options):
    """Write the file, and say how to use it."""
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
    """A half sentence for a page, and none for other files."""
    return ": open it in a browser, here or on a telephone" if path.suffix == ".html" else ""
