"""The same nets in PyTorch, from the same weights: the same loss for 20 steps."""

import numpy as np
import pytest

from nn_scratch.data import DigitDetection, DigitLocalization, DigitSegmentation, Loader
from nn_scratch.evaluation import Objects
from nn_scratch.evaluation.heat_maps import center_targets
from nn_scratch.nets import CenterNet, Localizer, SegNet, SegNetBasic, UNet
from nn_scratch.training import SGD, Adam, Detection, Localization, Segmentation

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
torch_nets = pytest.importorskip("torch_nets")  # in benchmarks/
STEPS = 20


OPTIMIZERS = {
    "SGD": (
        lambda net: SGD(net, 0.05, momentum=0.9, weight_decay=1e-3),
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=1e-3),
    ),
    "Adam": (
        lambda net: Adam(net, 1e-3, weight_decay=1e-3),
        lambda p: torch.optim.Adam(p, 1e-3, weight_decay=1e-3),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("kind", ["segmentation", "SegNet-Basic", "U-Net", "localization"])
def test_same_losses_for_twenty_steps(kind, optimizer):
    if kind == "segmentation":
        ours, theirs = SegNet(1, 11, widths=(4, 6), rng=0), torch_nets.TorchSegNet(1, 11, (4, 6))
        task, data, torch_loss = Segmentation(11), DigitSegmentation, torch_nets.segmentation_loss
    elif kind == "SegNet-Basic":
        ours, theirs = SegNetBasic(1, 11, width=4, rng=0), torch_nets.TorchSegNetBasic(1, 11, 4)
        task, data, torch_loss = Segmentation(11), DigitSegmentation, torch_nets.segmentation_loss
    elif kind == "U-Net":
        ours, theirs = UNet(1, 11, (4, 6, 8), rng=0), torch_nets.TorchUNet(1, 11, (4, 6, 8))
        task, data, torch_loss = Segmentation(11), DigitSegmentation, torch_nets.segmentation_loss
    else:
        ours = Localizer(1, 10, (40, 40), widths=(4, 6), features=16, rng=0)
        theirs = torch_nets.TorchLocalizer(1, 10, (40, 40), (4, 6), 16)
        task, data, torch_loss = Localization(), DigitLocalization, torch_nets.localization_loss
    ours, theirs = ours.to(np.float64), theirs.double()
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    theirs.load_state_dict({n: torch.from_numpy(a) for n, a in ours.state_dict().items()})
    make_ours, make_theirs = OPTIMIZERS[optimizer]
    ours_steps, theirs_steps = make_ours(ours), make_theirs(theirs.parameters())

    batches = list(Loader(data("train", STEPS * 8), 8, shuffle=True).batches())
    for batch in batches:
        batch = [part.astype(np.float64) if part.dtype.kind == "f" else part for part in batch]
        ours.zero_grad()
        loss = task.step(ours, batch)["loss"]
        ours_steps.step()
        theirs_steps.zero_grad()
        expected = torch_loss(theirs, [torch.tensor(part) for part in batch])
        expected.backward()
        theirs_steps.step()
        assert loss == pytest.approx(expected.item(), rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_same_losses_of_a_detector_for_twenty_steps(optimizer):
    ours = CenterNet(1, 10, (4, 6, 8), head_width=5, rng=0, dtype=np.float64)
    theirs = torch_nets.TorchCenterNet(1, 10, (4, 6, 8), 5).double()
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    theirs.load_state_dict({n: torch.from_numpy(a) for n, a in ours.state_dict().items()})
    make_ours, make_theirs = OPTIMIZERS[optimizer]
    ours_steps, theirs_steps = make_ours(ours), make_theirs(theirs.parameters())
    scenes, task = DigitDetection("train", STEPS * 4, size=40), Detection(10)
    for images, *rest in Loader(scenes, 4, shuffle=True).batches():
        images = images.astype(np.float64)
        truth = [Objects(*each) for each in zip(*rest, strict=True)]
        target = center_targets(truth, 10, (10, 10), 4)
        ours.zero_grad()
        loss = task.step(ours, (images, *rest))["loss"]
        ours_steps.step()
        theirs_steps.zero_grad()
        maps = [torch.tensor(part, dtype=torch.float64) for part in (images, *target[:4])]
        expected = torch_nets.detection_loss(theirs, [*maps, target.num_objects])
        expected.backward()
        theirs_steps.step()
        assert loss == pytest.approx(expected.item(), rel=1e-8)


TWINS = {
    "SegNet": lambda: (SegNet(1, 11, (4, 6), rng=0), torch_nets.TorchSegNet(1, 11, (4, 6))),
    "SegNet-Basic": lambda: (
        SegNetBasic(1, 11, width=4, rng=0),
        torch_nets.TorchSegNetBasic(1, 11, 4),
    ),
    "U-Net": lambda: (UNet(1, 11, (4, 6, 8), rng=0), torch_nets.TorchUNet(1, 11, (4, 6, 8))),
    "CenterNet": lambda: (CenterNet(1, 10, rng=0), torch_nets.TorchCenterNet(1, 10)),
    "localizer": lambda: (
        Localizer(1, 10, (37, 45), widths=(4, 6), features=16, rng=0),
        torch_nets.TorchLocalizer(1, 10, (37, 45), (4, 6), 16),
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_weights_go_to_pytorch_and_come_back(name):
    ours, theirs = (net.eval() for net in TWINS[name]())
    x = np.random.default_rng(1).standard_normal((3, 1, 37, 45)).astype(np.float32)

    def assert_same():
        with torch.no_grad():
            expected = theirs(torch.tensor(x))
        found = ours(x)
        if isinstance(found, tuple):
            found, expected = (np.concatenate(parts, axis=1) for parts in (found, expected))
        np.testing.assert_allclose(found, expected, atol=1e-5 * float(abs(expected).max()))

    theirs.load_state_dict({n: torch.tensor(a) for n, a in ours.state_dict().items()})
    assert_same()
    torch.manual_seed(2)
    with torch.no_grad():
        for tensor in theirs.state_dict().values():
            if tensor.is_floating_point():
                tensor.mul_(1 + 0.3 * torch.rand_like(tensor))
    ours.load_state_dict(theirs.state_dict())
    assert_same()
    for name, tensor in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name], tensor.numpy())
