"""A real browser for tests: Chromium without a window, driven by Playwright."""

import shutil
from base64 import b64decode, b64encode
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

NAMES = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"


@contextmanager
def chromium():
    """A browser. Skips the test, with the reason, where there is none."""
    driver = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install -e '.[docs]'"
    )
    with driver.sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        found = str(own) if own.exists() else next(filter(None, map(shutil.which, NAMES)), None)
        if found is None:
            pytest.skip("there is no Chromium: install your distribution's package")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser, path, width=1280, height=900, dark=False):
    """A page, opened from disk. Fails if its console shows an error or it asks the network."""
    scheme = "dark" if dark else "light"
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=width < 600
    )
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
    page.on("request", lambda r: None if _local(r.url) else troubles.append(r.url))
    page.goto(Path(path).as_uri())
    try:
        yield page
        assert not troubles
    finally:
        page.close()


def page_outputs(page, x):
    """What the net of an exported page gives for images (N, C, H, W): a list of arrays for each."""
    run = """(base64) => {
      const values = net.run({ ...image, data: decoded({ kept: 4, base64 }) });
      return page.outputs.map((k) => {
        const bytes = new Uint8Array(values[k].data.buffer);
        return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
      });
    }"""
    for one in x:
        found = page.evaluate(run, b64encode(one.astype("<f4").tobytes()).decode())
        yield [np.frombuffer(b64decode(text), "<f4") for text in found]


def _local(url):
    return url.startswith(("file:", "data:", "blob:"))
