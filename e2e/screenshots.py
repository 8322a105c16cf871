"""The pictures in the documents, made anew from the demo office: `make screenshots`.

Not collected with the tests, since it writes into docs/images/.
"""

from pathlib import Path
from typing import Literal

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, Page, ViewportSize, expect

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 800}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
def page(browser: Browser, live_server, transactional_db):
    """Sign in to the demo office in a window of a given look."""
    call_command("load_demo", verbosity=0)
    contexts = []

    def page(scheme: Literal["light", "dark"], viewport: ViewportSize) -> Page:
        context = browser.new_context(
            base_url=live_server.url, color_scheme=scheme, viewport=viewport
        )
        contexts.append(context)
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Username").fill("test")
        page.get_by_label("Password").fill("deadbeef")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
        return page

    yield page
    for context in contexts:
        context.close()


def test_take_them(page):
    for scheme in SCHEMES:
        wide = page(scheme, WIDE)
        wide.locator(".line").filter(has_text="Can you look at row").get_by_role("link").click()
        expect(wide.locator(".body")).to_be_visible()
        wide.wait_for_load_state("networkidle")
        wide.screenshot(path=IMAGES / f"inbox-{scheme}.png")
    phone = page("light", NARROW)
    phone.screenshot(path=IMAGES / "phone.png")
