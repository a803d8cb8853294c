"""The trained nets of the package: as good as they say, small, and what the commands take."""

import numpy as np
import pytest
from PIL import Image

from nn_scratch.cli import main
from nn_scratch.data import DigitDetection, DigitLocalization, DigitSegmentation, Loader
from nn_scratch.nets import about_pretrained, pretrained, pretrained_file, pretrained_names
from nn_scratch.training import evaluate
from nn_scratch.training.tasks import Detection, Localization, Segmentation

TASKS = {
    "segmentation": (Segmentation(11), DigitSegmentation("test", 300)),
    "localization": (Localization(), DigitLocalization("test", 300)),
    "detection": (Detection(10), DigitDetection("test", 300)),
}
LEAST = {  # measured: 0.895 and 0.817; 0.977, 0.769 and 0.997; 0.982 and 0.777
    "digits-segmentation": {"mean_iou": 0.88, "boundary_f1": 0.80},
    "digits-localization": {"class_accuracy": 0.96, "mean_box_iou": 0.74, "success": 0.97},
    "digits-detection": {"ap50": 0.97, "ap": 0.76},
}


def test_each_has_its_measure():
    assert pretrained_names() == sorted(LEAST)


@pytest.mark.slow
@pytest.mark.parametrize("name", LEAST)
def test_each_is_as_good_on_300_test_scenes_as_it_says(name):
    about = about_pretrained(name)
    settings = about["settings"]
    task, scenes = TASKS[settings["task"]]
    net = pretrained(name)
    assert not net.training and all(a.dtype == np.float32 for a in net.params.values())
    assert settings["data"] == "digits" and settings["seed"] == 0 and about["test_scenes"] == 300
    found = evaluate(net, task, Loader(scenes, 50))
    for metric, least in LEAST[name].items():
        assert found[metric] >= least
        assert found[metric] == pytest.approx(about["metrics"][metric], abs=2e-3)


def test_together_they_are_small():
    assert sum(pretrained_file(name).stat().st_size for name in pretrained_names()) < 1.5e6


def test_an_unknown_name_lists_what_there_is(capsys):
    with pytest.raises(ValueError, match=r"of the name 'digits', but digits-.*digits-"):
        pretrained("digits")
    assert main(["predict", "--pretrained", "digits", "a.png"]) == 2
    assert "there is no trained net of the name 'digits', but digits-" in capsys.readouterr().err


@pytest.mark.parametrize("name", LEAST)
@pytest.mark.parametrize("size", [(40, 40), (61, 83), (20, 24)])
def test_predict_takes_images_of_any_size(name, size, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image = DigitLocalization("test", 1).sample(0, 0)[0][0]
    grey = Image.fromarray((255 * image.clip(0, 1)).astype(np.uint8)).resize(size[::-1])
    for file in "a.png", "b.png":
        grey.convert("RGB").save(file)
    assert main(["predict", "--pretrained", name, "a.png", "b.png"]) == 0
    printed = capsys.readouterr().out
    assert printed.count(".png: ") == 2 and "predictions/b.png" in printed
    for file in "a.png", "b.png":
        assert (tmp_path / "predictions" / file).stat().st_size > 2000


def test_predict_wants_a_net(capsys):
    assert main(["predict", "a.png"]) == 2
    assert "which net?" in capsys.readouterr().err
