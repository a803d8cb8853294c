"""Train the nets that come with the package, and measure them.

    python benchmarks/pretrained.py                        all of them
    python benchmarks/pretrained.py digits-segmentation    one
    python benchmarks/pretrained.py --seeds 0 11 12        measure all on test scenes of these

writes nn_scratch/nets/trained/NAME.npz: the net in numbers of 16 bits, the settings of its recipe,
and its metrics on test scenes, of digits that were not trained on, measured with those numbers.
With --seeds nothing is trained; results/test_seeds.json says what the nets reach.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from nn_scratch.data import DigitDetection, DigitLocalization, DigitSegmentation, Loader
from nn_scratch.evaluation.display import display_name, display_value
from nn_scratch.nets.pretrained import FOLDER, about_pretrained, pretrained
from nn_scratch.training import evaluate
from nn_scratch.training.checkpoint import write_states
from nn_scratch.training.recipes import recipe

RECIPES = {
    "digits-segmentation": {
        "task": "segmentation",
        "net": "segnet",
        "epochs": 12,
        "scenes": 2500,
        "batch_size": 16,
        "max_lr": 0.005,
    },
    "digits-localization": {
        "task": "localization",
        "net": "localizer",
        "epochs": 36,
        "scenes": 4000,
    },
    "digits-detection": {
        "task": "detection",
        "net": "centernet",
        "epochs": 12,
        "scenes": 2500,
    },
}
SCENES = {
    "segmentation": DigitSegmentation,
    "localization": DigitLocalization,
    "detection": DigitDetection,
}
TEST_SCENES = 300
MEASURED = {"segmentation": "mean_iou", "localization": "mean_box_iou", "detection": "ap"}
SEEDS_FILE = Path(__file__).with_name("results") / "test_seeds.json"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(RECIPES), metavar="NAME")
    parser.add_argument("--scenes", type=int, help="per epoch, for a try")
    parser.add_argument("--out", default=FOLDER, type=Path, help="folder (default %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", help="of test scenes to measure on")
    parser.add_argument("--json", default=SEEDS_FILE, type=Path, help="file for --seeds")
    options = parser.parse_args(arguments)
    if options.seeds:
        found = {name: on_seeds(name, options.seeds, options.scenes) for name in options.names}
        options.json.write_text(json.dumps(found, indent=1) + "\n")
        return
    for name in options.names:
        settings = dict(RECIPES[name])
        if options.scenes:
            settings |= {"scenes": options.scenes, "epochs": 1}
        train(name, settings, options.out)


def train(name, settings, folder):
    """Train one net, store it, and say what it reaches."""
    one, begin = recipe(**settings), time.process_time()
    one.run(progress=False)
    store(name, one, time.process_time() - begin, folder)


def store(name, one, seconds, folder):
    """Store a recipe's net that took so many seconds of a core, and say what it reaches."""
    state = {key: stored(array) for key, array in one.net.state_dict().items()}
    one.net.load_state_dict(state)
    scenes = SCENES[one.settings.task]("test", TEST_SCENES)
    metrics = evaluate(one.net, one.task, Loader(scenes, 50))
    record = {
        "settings": one.settings.as_dict() | one.facts,
        "metrics": metrics,
        "test_scenes": TEST_SCENES,
        "seconds": round(seconds),
    }
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.npz"
    write_states(file, state, {}, record)
    print(f"{file}: {file.stat().st_size / 1e3:.0f} kB, {seconds:.0f} s of one core")
    for metric, value in metrics.items():
        if isinstance(value, float):
            print(f"  {display_name(metric):<24}{display_value(value)}")


def on_seeds(name, seeds, scenes):
    """What a net that comes with the package reaches on test scenes of each seed."""
    task = about_pretrained(name)["settings"]["task"]
    net, one = pretrained(name), recipe(task=task, scenes=1, epochs=1)
    reached = {}
    for seed in seeds:
        test = SCENES[task]("test", scenes or 2 * TEST_SCENES, seed)
        reached[seed] = evaluate(net, one.task, Loader(test, 50))[MEASURED[task]]
        print(f"{name}, seed {seed}: {MEASURED[task]} {reached[seed]:.3f}")
    return {"metric": MEASURED[task], "scenes": len(test), "reached": reached}


def stored(array):
    """Floating-point numbers in 16 bits, others as they are."""
    return array.astype(np.float16) if array.dtype.kind == "f" else array


if __name__ == "__main__":
    main()
