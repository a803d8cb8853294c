"""Checkpoints: whole or not at all, and never a puzzle when they cannot be read."""

import io
import json
import os
import zipfile

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


def rewritten(path, change):
    """The checkpoint's arrays and record, changed, in the same file."""
    arrays = dict(np.load(path))
    said = json.loads(str(arrays.pop("record")))
    change(arrays, said)
    np.savez(path, record=np.array(json.dumps(said)), **arrays)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays, said: arrays.pop("net/weight"),
        lambda arrays, said: arrays.pop("optimizer/velocity.weight"),
        lambda arrays, said: arrays.update({"net/more": np.zeros(3)}),
        lambda arrays, said: said.pop("record"),
        lambda arrays, said: said.update(record=[1]),
        lambda arrays, said: said.pop("arrays"),
        lambda arrays, said: said.update(arrays=7),
    ],
)
def test_an_incomplete_file_is_explained(saved, change):
    path, _, _ = saved
    rewritten(path, change)
    with pytest.raises(CheckpointError, match="truncated or no checkpoint"):
        load_checkpoint(path)


def with_member(path, name, content, **options):
    """The checkpoint with one array's bytes replaced."""
    with zipfile.ZipFile(path) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    members[name] = content
    with zipfile.ZipFile(path, "w", **options) as archive:
        for each, data in members.items():
            archive.writestr(each, data)


def header(shape, dtype="<f4"):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        header((10**15,)),
        header((2**62, 2**62)),
        header((3,)) + bytes(8),
        header((1, 0, 10**18)) + bytes(1),
        header((2,), "|O") + bytes(16),
        b"\x93NUMPY\x09\x00",
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"",
        b"no array",
    ],
    ids=range(9),
)
def test_an_array_that_is_not_what_its_header_says(saved, content):
    path, _, _ = saved
    with_member(path, "net/weight.npy", content)
    with pytest.raises(CheckpointError, match="truncated or no checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "record", ["", "[", "[1]", "7", "null", '{"format": 2}', "[" * 100_000, '{"format": 2, "a":']
)
def test_a_record_that_is_none(saved, record):
    path, _, _ = saved
    arrays = dict(np.load(path)) | {"record": np.array(record)}
    np.savez(path, **arrays)
    with pytest.raises(CheckpointError, match="truncated or no checkpoint"):
        load_checkpoint(path)


def test_a_small_file_that_swells_is_not_unpacked(saved):
    path, _, _ = saved
    with_member(path, "net/weight.npy", bytes(10**8), compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6
    with pytest.raises(CheckpointError, match="is compressed"):
        load_checkpoint(path)


def test_the_first_edition_s_checkpoints_are_refused_by_name(saved):
    path, _, _ = saved
    rewritten(path, lambda arrays, said: said.update(format=1))
    with pytest.raises(CheckpointError, match=r"format 1, .* reads 2: train again"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda net, optimizer: optimizer.pop("velocity.weight"),
        lambda net, optimizer: optimizer.pop("steps"),
        lambda net, optimizer: optimizer.update({"square.weight": np.zeros((2, 3))}),
        lambda net, optimizer: optimizer.update({"velocity.weight": np.zeros((3, 2))}),
        lambda net, optimizer: net.update(weight=np.zeros((3, 2), np.float32)),
        lambda net, optimizer: net.update(weight=np.zeros((2, 3), complex)),
        lambda net, optimizer: net.update(weight=np.zeros((2, 3), "U5")),
        lambda net, optimizer: net.pop("bias"),
    ],
)
def test_nothing_is_half_loaded(saved, change):
    path, net, optimizer = saved
    found = load_checkpoint(path)
    found.net["bias"] = found.net["bias"] + 1
    change(found.net, found.optimizer)
    before = net.state_dict(), optimizer.state_dict()
    with pytest.raises(CheckpointError, match="is of another net or optimizer"):
        found.restore(net, optimizer)
    for state, now in zip(before, (net.state_dict(), optimizer.state_dict()), strict=True):
        assert state.keys() == now.keys()
        assert all(np.array_equal(state[name], now[name]) for name in state)


def test_what_a_killed_process_left_is_replaced(tmp_path):
    net = Linear(3, 2, rng=0)
    (tmp_path / ".checkpoint.npz.tmp").write_bytes(b"half")
    save_checkpoint(tmp_path / "checkpoint.npz", net, SGD(net, 0.1), {})
    assert os.listdir(tmp_path) == ["checkpoint.npz"]
