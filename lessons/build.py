"""Build the notebooks: NN_name.py, the source, into NN_name.ipynb, executed, one way.

    python lessons/build.py            notebooks whose source changed
    python lessons/build.py --all      every notebook
    python lessons/build.py --check    only say which are out of date; exit 1 if any is
    python lessons/build.py 01 04      these
    python lessons/build.py --pictures the moving pictures
    python lessons/build.py --site     the site, into build/site, without network

A notebook remembers the hash of its source and of the measured figures that the source names
(*.json here, in benchmarks and in benchmarks/results). Edit the source, never the notebook.
Needs the extra: pip install -e '.[lessons]'  (for the site: '.[docs]')
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
BENCHMARKS = FOLDER.parent / "benchmarks"
FOLD = "hide-input"  # `# %% tags=["hide-input"]`: the cell's code is folded in Jupyter and the site
FOLDED = {"tags": [FOLD], "jupyter": {"source_hidden": True}}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="numbers of lessons (default: all)")
    parser.add_argument("--all", action="store_true", help="build even what is up to date")
    parser.add_argument("--check", action="store_true", help="say what is out of date")
    parser.add_argument("--pictures", action="store_true", help="draw the moving pictures")
    parser.add_argument("--site", action="store_true", help="build the site")
    options = parser.parse_args(arguments)
    if options.site:
        return build_site()
    if options.pictures:
        draw_pictures()
        return 0
    sources = [s for s in lessons() if not options.lessons or s.name[:2] in options.lessons]
    outdated = [s for s in sources if options.all or not up_to_date(s)]
    for source in outdated:
        print(f"{source.name}: out of date" if options.check else f"{source.name}: building")
        if not options.check:
            build(source)
    return 1 if options.check and outdated else 0


def lessons():
    """The sources, in order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def up_to_date(source):
    """Whether the notebook was built from this very source and these figures."""
    notebook = source.with_suffix(".ipynb")
    if not notebook.exists():
        return False
    return json.loads(notebook.read_text())["metadata"].get("source_hash") == source_hash(source)


def source_hash(source):
    """The hash of a source, together with the files of figures that it names."""
    text = source.read_text(encoding="utf-8")
    folders = source.parent, BENCHMARKS, BENCHMARKS / "results"
    figures = sorted(path for folder in folders for path in folder.glob("*.json"))
    named = [path for path in figures if f'"{path.name}"' in text]
    content = b"".join(path.read_bytes() for path in [source, *named])
    return hashlib.sha256(content).hexdigest()


def build(source):
    """Convert, execute from a fresh kernel, remove what differs from run to run, write."""
    import jupytext
    import nbformat
    from nbclient import NotebookClient

    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = FOLDED if FOLD in cell.metadata.get("tags", ()) else {}
    NotebookClient(
        notebook,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # how a stream arrives in pieces differs from run to run
        resources={"metadata": {"path": str(FOLDER)}},
    ).execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "source_hash": source_hash(source),
    }
    nbformat.validate(notebook)
    source.with_suffix(".ipynb").write_text(nbformat.writes(notebook) + "\n")


def draw_pictures():
    """images/*.gif: layers at work on a few numbers, and a window that slides over a scene."""
    import numpy as np

    from nn_scratch.data import DigitSegmentation
    from nn_scratch.data.digits import CLASS_NAMES
    from nn_scratch.plotting import (
        animate_conv_transpose,
        animate_convolution,
        animate_descent,
        animate_pooling,
        animate_sliding_window,
        animate_switches,
        save_gif,
    )

    kernel = np.array([[1.0, -1], [2, 0]])
    square = np.array([[1.0, 2, 0], [0, 1, 3], [2, 0, 1]])
    image = np.array([[1.0, 3, 8, 0], [9, 2, 1, 1], [0, 1, 5, 6], [2, 2, 7, 3]])
    lopsided = np.array([[1.0, 2, 0], [0, 3, 1], [-1, 0, 2]])
    pictures = {
        "convolution": animate_convolution(square, kernel),
        "stride": animate_convolution(square, lopsided, stride=2, padding=1),
        "conv_transpose": animate_conv_transpose(np.array([[1.0, 2], [-1, 3]]), lopsided),
        "switches": animate_switches(image),
    }
    for name, frames in pictures.items():
        save_gif(frames, FOLDER / "images" / f"{name}.gif")
    nine = DigitSegmentation("test", 64).sample(0, 30)[0][:, 6:30, 20:38]
    save_gif(animate_pooling(nine), FOLDER / "images" / "pooling.gif", dpi=75, seconds=0.3)
    image, kernels, losses = a_kernel_that_learns()
    frames = animate_descent(image, kernels, losses)
    save_gif(frames, FOLDER / "images" / "descent.gif", dpi=80, seconds=0.35)
    scene, labels = labelled_by_a_window()
    frames = animate_sliding_window(scene, labels, 17, step=37, class_names=CLASS_NAMES)
    save_gif(frames, FOLDER / "images" / "sliding_window.gif", dpi=70, seconds=0.15)


def a_kernel_that_learns(steps=81):
    """A scene, lesson 05's kernel at some steps of its descent to Sobel's, and the loss of each."""
    import numpy as np

    from nn_scratch import ops
    from nn_scratch.data import DigitSegmentation

    scenes = DigitSegmentation("train", 64)
    images = np.stack([scenes.sample(0, index)[0] for index in range(16)])
    sobel = np.array([[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]], np.float32)
    target = ops.conv2d(images, sobel, padding=1)
    w = np.random.default_rng(0).normal(0, 0.5, (1, 1, 3, 3)).astype(np.float32)
    kernels, losses = {}, []
    for step in range(steps):
        y = ops.conv2d(images, w, padding=1)
        losses.append(float(ops.mse_loss(y, target)))
        if step <= 10 or step % 5 == 0:
            kernels[step] = w[0, 0]
        w = w - ops.conv2d_backward(ops.mse_loss_backward(y, target), images, w, padding=1)[1]
    return scenes.sample(0, 12)[0], kernels, losses


def labelled_by_a_window(epochs=3):
    """A scene, and the labels that lesson 07's patch classifier, trained as there, gives it."""
    from nn_scratch.data import DigitSegmentation, Loader
    from nn_scratch.nets import FullyConvolutional, PatchClassifier
    from nn_scratch.training import Adam, Segmentation, fit, one_cycle

    options = {"patch": 17, "widths": (8, 16), "pools": (0,), "features": 32}
    net = FullyConvolutional(PatchClassifier(1, 11, **options, rng=0))
    train = Loader(DigitSegmentation("train", 1500), 16, shuffle=True)
    schedule = one_cycle(2e-2, epochs * len(train))
    fit(net, Segmentation(11), train, Adam(net), epochs=epochs, schedule=schedule, progress=False)
    scene, _ = DigitSegmentation("test", 4).sample(0, 2)
    return scene, net(scene[None])[0].argmax(axis=0)


def build_site(out=FOLDER.parent / "build" / "site"):
    """The site, from the notebooks as they are; a warning is an error. Returns the exit status."""
    from sphinx.cmd.build import main as sphinx

    sys.path.insert(0, str(FOLDER / "site"))
    from stage import stage

    source = out.with_name(f"{out.name}-source")
    stage(source)
    paths = map(str, (source, out))
    status = sphinx(["-q", "-W", "--keep-going", "-j", "auto", "-c", str(FOLDER / "site"), *paths])
    print(f"{out / 'index.html'}" if status == 0 else "the site was not built")
    return status


if __name__ == "__main__":
    sys.exit(main())
