"""The same nets in PyTorch, from the same weights: the same loss for 20 steps."""

import numpy as np
import pytest

from nn_scratch import boxes as box_tools
from nn_scratch.data import DigitLocalization, DigitSegmentation, Loader
from nn_scratch.nets import Localizer, SegNet
from nn_scratch.training import SGD, Adam, Localization, Segmentation

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn, F = torch.nn, torch.nn.functional
STEPS = 20


def block(c_in, c_out):
    conv = nn.Conv2d(c_in, c_out, 3, padding="same", bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU())


class TorchSegNet(nn.Module):
    def __init__(self, widths):
        super().__init__()
        self.encoder0, self.encoder1 = block(1, widths[0]), block(*widths)
        self.decoder0, self.decoder1 = block(widths[1], widths[0]), block(widths[0], widths[0])
        self.classifier = nn.Conv2d(widths[0], 11, 3, padding="same")

    def forward(self, x):
        x, first = F.max_pool2d(self.encoder0(x), 2, return_indices=True)
        x, second = F.max_pool2d(self.encoder1(x), 2, return_indices=True)
        x = self.decoder0(F.max_unpool2d(x, second, 2))
        return self.classifier(self.decoder1(F.max_unpool2d(x, first, 2)))


class TorchLocalizer(nn.Module):
    def __init__(self, widths, features):
        super().__init__()
        stages = [m for c in ((1, widths[0]), widths) for m in (*block(*c), nn.MaxPool2d(2))]
        flat = [nn.Flatten(), nn.Linear(widths[1] * 100, features), nn.ReLU()]
        self.features = nn.Sequential(*stages, *flat)
        self.class_head, self.box_head = nn.Linear(features, 10), nn.Linear(features, 4)

    def forward(self, x):
        features = self.features(x)
        return self.class_head(features), self.box_head(features)


def segmentation_loss(net, batch):
    images, labels = batch
    return F.cross_entropy(net(torch.tensor(images)), torch.tensor(labels))


def localization_loss(net, batch):
    images, labels, boxes = batch
    scores, predicted = net(torch.tensor(images))
    target = torch.tensor(box_tools.to_fractions(boxes, (40, 40)))
    return F.cross_entropy(scores, torch.tensor(labels)) + 10 * F.mse_loss(predicted, target)


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


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("kind", ["segmentation", "localization"])
def test_same_losses_for_twenty_steps(kind, optimizer):
    if kind == "segmentation":
        ours, theirs = SegNet(1, 11, widths=(4, 6), rng=0), TorchSegNet((4, 6))
        task, torch_loss, data = Segmentation(11), segmentation_loss, DigitSegmentation
    else:
        ours = Localizer(1, 10, (40, 40), widths=(4, 6), features=16, rng=0)
        theirs = TorchLocalizer((4, 6), 16)
        task, torch_loss, data = Localization(), localization_loss, DigitLocalization
    ours, theirs = ours.to(np.float64), theirs.double()
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
        expected = torch_loss(theirs, batch)
        expected.backward()
        theirs_steps.step()
        assert loss == pytest.approx(expected.item(), rel=1e-8)
