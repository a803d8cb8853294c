"""The site: built without a warning and without a network, whole, and readable in a browser."""

import socket
import sys
from functools import lru_cache
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from browser import chromium, opened

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "lessons"), str(ROOT / "lessons" / "site")]

pytest.importorskip("sphinx", reason="Sphinx is not installed: pip install -e '.[docs]'")
pytest.importorskip("myst_nb", reason="myst-nb is not installed: pip install -e '.[docs]'")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.myst_parser")]
LARGEST_PAGE = 2e6  # bytes


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder with the site. A warning is an error, and so is a connection."""
    out = tmp_path_factory.mktemp("site") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", no_network)
        assert import_module("build").build_site(out) == 0
    return out


def no_network(self, address):
    raise AssertionError(f"the site asked the network for {address}")


class Page(HTMLParser):
    """The links, anchors and images of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loaded, self.anchors, self.images = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found.get("id"), found.get("name")} if tag != "meta" else set()
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in ("img", "script", "iframe", "link") and (found.keys() & {"src", "href"}):
            self.loaded.append(found.get("src") or found["href"])
        if tag == "img":
            self.images.append(found)


@lru_cache
def page(path):
    return Page(path.read_text(encoding="utf-8"))


def pages(site):
    return [p for p in site.rglob("*.html") if "_static" not in p.parts]


def test_links_and_anchors_lead_somewhere(site):
    broken = []
    for path in pages(site):
        for link in page(path).links + page(path).loaded:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchored = parts.fragment and target.suffix == ".html" and target.exists()
            if not target.exists() or (
                anchored and unquote(parts.fragment) not in page(target).anchors
            ):
                broken.append((path.name, link))
    assert not broken


def test_nothing_is_loaded_from_elsewhere(site):
    for path in pages(site):
        assert not [link for link in page(path).loaded if urlsplit(link).netloc], path.name


def test_images_have_alternative_texts(site):
    for path in pages(site):
        for image in page(path).images:
            text = image.get("alt", "")
            assert text and not text.endswith((".png", ".gif")), (path.name, image)


def test_a_formula_with_a_number_is_not_split(site):
    split = [p.name for p in pages(site) if r"\begin{split}" in p.read_text(encoding="utf-8")]
    assert not split


def test_pages_are_small(site):
    assert not [p.name for p in site.rglob("*.html") if p.stat().st_size > LARGEST_PAGE]


def test_trained_nets_are_at_work(site, browser):
    with opened(browser, site / "index.html") as shown:
        frame = shown.frame_locator("iframe.net")
        frame.locator("h1").wait_for()
        assert "draw" in frame.locator("h1").inner_text().lower()


def test_every_public_name_is_in_the_reference(site):
    stage = import_module("stage")
    inventory = import_module("sphinx.util.inventory").InventoryFile
    with (site / "objects.inv").open("rb") as file:
        known = inventory.loads(file.read(), uri="").data
    listed = {name for kind, names in known.items() if kind.startswith("py:") for name in names}
    for package in (*stage.PACKAGES, *stage.MODULES):
        for name in stage.public_names(package):
            assert f"nn_scratch.{package}.{name}" in listed


def test_the_reference_leaves_out_no_package():
    from test_public import PACKAGES

    assert set(PACKAGES) == set(import_module("stage").PACKAGES)


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize(
    "name", ["index", "lessons/01_convolution", "api/ops", "lessons/guides/checker"]
)
def test_pages_fit_the_screen_without_an_error(site, browser, name, width):
    with opened(browser, site / f"{name}.html", width) as shown:
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert shown.locator("h1").first.inner_text()


@pytest.mark.parametrize(
    "lesson", ["01_convolution", "10_what_and_where", "11_several_objects", "15_make_it_yours"]
)
def test_formulas_are_typeset(site, browser, lesson):
    """Those of several rows too, which have a number."""
    with opened(browser, site / "lessons" / f"{lesson}.html") as shown:
        shown.wait_for_selector("mjx-container svg")
        formulas = shown.locator(".math").count()
        assert formulas > 5
        shown.wait_for_function(f"document.querySelectorAll('mjx-container').length >= {formulas}")
        assert shown.locator("mjx-merror").count() == 0


def test_search_finds_an_op(site, browser):
    with opened(browser, site / "index.html") as shown:
        shown.fill("input[name=q]", "max_unpool2d")
        shown.press("input[name=q]", "Enter")
        shown.wait_for_selector("ul.search li a")
        assert shown.locator("ul.search li a", has_text="max_unpool2d").count() > 0


def test_dark_and_light(site, browser):
    colours = []
    for dark in True, False:
        with opened(browser, site / "index.html", dark=dark) as shown:
            colours.append(shown.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len({*colours}) == 2
