"""Every test of the ops runs on NumPy arrays, on the stand-in for CuPy, and on CuPy itself.

The tests are written for NumPy. On the other two, the name `ops` in their module is one that moves
arrays to the device, calls the op there, and moves the results back.
"""

import pytest

from backends import BACKENDS, OnDevice, device_of


@pytest.fixture(params=BACKENDS, autouse=True)
def backend(request, monkeypatch):
    with device_of(request.param) as device:
        if device and hasattr(request.module, "ops"):
            monkeypatch.setattr(request.module, "ops", OnDevice(request.module.ops))
        yield request.param
