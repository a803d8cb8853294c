"""Our nets written in PyTorch, with our parameter names: peers for benchmarks and tests."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F


def block(c_in, c_out, kernel_size):
    """Convolution, batch norm, ReLU."""
    conv = nn.Conv2d(c_in, c_out, kernel_size, padding="same", bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU())


class TorchSegNet(nn.Module):
    """nn_scratch.nets.SegNet."""

    def __init__(self, in_channels, num_classes, widths=(16, 32, 64), kernel_size=3):
        super().__init__()
        before = (in_channels, *widths[:-1])
        after = (widths[0], *widths[:-1])
        encoders = [block(a, b, kernel_size) for a, b in zip(before, widths, strict=True)]
        decoders = [
            block(a, b, kernel_size) for a, b in zip(widths[::-1], after[::-1], strict=True)
        ]
        self.encoders, self.decoders = nn.ModuleList(encoders), nn.ModuleList(decoders)
        self.classifier = nn.Conv2d(widths[0], num_classes, kernel_size, padding="same")

    def forward(self, x):
        pooled = []
        for encode in self.encoders:
            x = encode(x)
            size = x.shape[2:]
            x, switches = F.max_pool2d(x, 2, return_indices=True)
            pooled.append((switches, size))
        for decode in self.decoders:
            switches, size = pooled.pop()
            x = decode(F.max_unpool2d(x, switches, 2, output_size=size))
        return self.classifier(x)


class TorchSegNetBasic(nn.Module):
    """nn_scratch.nets.SegNetBasic, of which only the variant SegNet-Basic."""

    def __init__(self, in_channels, num_classes, width=64, kernel_size=7):
        super().__init__()
        first, inner = (in_channels, width), (width, width)
        encoders = [block(*(inner if i else first), kernel_size) for i in range(4)]
        decoders = [block(*inner, kernel_size)[:2] for _ in range(4)]
        self.encoders, self.decoders = nn.ModuleList(encoders), nn.ModuleList(decoders)
        self.classifier = nn.Conv2d(width, num_classes, 1)

    def forward(self, x):
        pooled = []
        for encode in self.encoders:
            x = encode(x)
            size = x.shape[2:]
            x, switches = F.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
            pooled.append((switches, size))
        for decode in reversed(self.decoders):
            switches, size = pooled.pop()
            x = decode(F.max_unpool2d(x, switches, 2, output_size=size))
        return self.classifier(x)


class TorchUNet(nn.Module):
    """nn_scratch.nets.UNet."""

    def __init__(self, in_channels, num_classes, widths=(16, 32, 64, 128), kernel_size=3):
        super().__init__()

        def double(c_in, c_out):
            return nn.Sequential(block(c_in, c_out, kernel_size), block(c_out, c_out, kernel_size))

        self.encoders = nn.ModuleList(map(double, (in_channels, *widths[:-1]), widths))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairwise(widths))
        self.decoders = nn.ModuleList(double(2 * width, width) for width in widths[:-1])
        self.classifier = nn.Conv2d(widths[0], num_classes, 1)

    def forward(self, x):
        maps = []
        for encode in self.encoders:
            maps.append(encode(x))
            x = F.max_pool2d(maps[-1], 2)
        x = maps.pop()  # of the smallest size, which is not pooled
        for up, decode in zip(reversed(self.ups), reversed(self.decoders), strict=True):
            x = torch.cat([up(x, output_size=maps[-1].shape[2:]), maps.pop()], dim=1)
            x = decode(x)
        return self.classifier(x)


class TorchLocalizer(nn.Module):
    """nn_scratch.nets.Localizer."""

    def __init__(self, in_channels, num_classes, image_size, widths=(16, 32, 64, 64), features=256):
        super().__init__()
        stages = []
        for a, b in zip((in_channels, *widths[:-1]), widths, strict=True):
            stages += [block(a, b, 3), nn.MaxPool2d(2)]
        with torch.no_grad():
            flat = nn.Sequential(*stages, nn.Flatten())(torch.zeros(2, in_channels, *image_size))
        self.features = nn.Sequential(
            *stages, nn.Flatten(), nn.Linear(flat.shape[1], features), nn.ReLU()
        )
        self.class_head, self.box_head = nn.Linear(features, num_classes), nn.Linear(features, 4)

    def forward(self, x):
        features = self.features(x)
        return self.class_head(features), self.box_head(features)


class TorchCenterNet(nn.Module):
    """nn_scratch.nets.CenterNet with its standard stride of 4, one stage up by copying pixels."""

    def __init__(self, in_channels, num_classes, widths=(16, 32, 64), head_width=32):
        super().__init__()
        self.encoders = nn.ModuleList(block(a, b, 3) for a, b in pairwise((in_channels, *widths)))
        self.middle = nn.ModuleList([block(widths[-1], widths[-1], 3)])
        self.decoders = nn.ModuleList([block(widths[-1], widths[-2], 3)])

        def head(channels):
            first = nn.Conv2d(widths[-2], head_width, 3, padding="same")
            return nn.Sequential(first, nn.ReLU(), nn.Conv2d(head_width, channels, 1))

        self.heat, self.sizes, self.offsets = head(num_classes), head(2), head(2)

    def forward(self, x):
        for encode in self.encoders:
            skip = encode(x)
            x = F.max_pool2d(skip, 2, ceil_mode=True)
        x = F.interpolate(self.middle[0](x), scale_factor=2, mode="nearest")
        x = self.decoders[0](x[:, :, : skip.shape[2], : skip.shape[3]] + skip)
        return self.heat(x), self.sizes(x), self.offsets(x)


def segmentation_loss(net, batch):
    """As nn_scratch.training.Segmentation, for a batch of tensors."""
    images, labels = batch
    return F.cross_entropy(net(images), labels)


def localization_loss(net, batch):
    """As nn_scratch.training.Localization, for a batch of tensors, boxes in pixels."""
    images, labels, boxes = batch
    scores, predicted = net(images)
    height, width = images.shape[2:]
    target = boxes / boxes.new_tensor([width, height, width, height])
    return F.cross_entropy(scores, labels) + 10 * F.mse_loss(predicted, target)


def detection_loss(net, batch):
    """As nn_scratch.training.Detection of heat maps, for images and CenterTargets as tensors."""
    images, heat, sizes, offsets, centers, num_objects = batch
    z, found_sizes, found_offsets = net(images)
    log_p, log_q = F.logsigmoid(z), F.logsigmoid(-z)
    focal = torch.where(
        heat == 1, log_q.exp() ** 2 * log_p, (1 - heat) ** 4 * log_p.exp() ** 2 * log_q
    )
    at = centers[:, None]
    size_loss = ((found_sizes - sizes).abs() * at).sum()
    offset_loss = ((found_offsets - offsets).abs() * at).sum()
    return (0.1 * size_loss + offset_loss - focal.sum()) / max(num_objects, 1)
