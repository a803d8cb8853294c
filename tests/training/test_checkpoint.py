"""Checkpoints: whole or not at all, and never a puzzle when they cannot be read."""

import os

import numpy as np
import pytest

from helpers import draw
from nn_scratch.layers import Linear
from nn_scratch.training import SGD, CheckpointError, load_checkpoint, save_checkpoint


@pytest.fixture
def saved(tmp_path):
    net = Linear(3, 2, rng=0)
    optimizer = SGD(net, 0.1, momentum=0.9)
    net.grads["weight"][...] = draw(2, 3)
    optimizer.step()
    path = tmp_path / "deep" / "checkpoint.npz"
    save_checkpoint(path, net, optimizer, {"step": 1, "note": "grün"})
    return path, net, optimizer


def test_what_is_saved_comes_back(saved):
    path, net, optimizer = saved
    found = load_checkpoint(path)
    assert found.record == {"step": 1, "note": "grün"}
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(found.net[name], array)
    for name, array in optimizer.state_dict().items():
        np.testing.assert_array_equal(found.optimizer[name], array)
    assert os.listdir(path.parent) == ["checkpoint.npz"]


def test_a_failed_write_keeps_the_old_file(saved, monkeypatch):
    path, net, optimizer = saved
    before = path.read_bytes()

    def full_disk(*arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(path, net, optimizer, {"step": 2})
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["checkpoint.npz"]


def test_the_file_appears_whole_by_one_rename(saved, monkeypatch):
    path, net, optimizer = saved
    before, renamed = path.read_bytes(), []

    def killed_before_renaming(source, target):
        renamed.append((load_checkpoint(source).record, target))
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed_before_renaming)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, net, optimizer, {"step": 2})
    assert renamed == [({"step": 2}, path)]
    assert path.read_bytes() == before


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_truncated_file_is_explained(saved, keep):
    path, _, _ = saved
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    with pytest.raises(CheckpointError, match=r"checkpoint\.npz is truncated or no checkpoint"):
        load_checkpoint(path)


def test_a_damaged_file_is_explained(saved):
    path, _, _ = saved
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 255
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="truncated or no checkpoint"):
        load_checkpoint(path)


def test_other_files_are_explained(tmp_path):
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        load_checkpoint(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(CheckpointError, match="no checkpoint of nn_scratch"):
        load_checkpoint(tmp_path / "other.npz")
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path)
    np.savez(tmp_path / "new.npz", record=np.array('{"format": 99}'))
    with pytest.raises(CheckpointError, match="format 99, but this version of nn_scratch reads 2"):
        load_checkpoint(tmp_path / "new.npz")
