"""Every page and state is accessible, fits, stays put and loads little."""

import pytest
from playwright.sync_api import expect

from e2e.mailbox import LAYOUT, OVERFLOW, WHOLE, chosen, inspect
from e2e.writing import body, looks_well, open_window
from mail import services

PAGES = [
    "/",
    "/sent/",
    "/archive/",
    "/trash/",
    "/folders/new/",
    "/trash/empty/",
    "/password/",
    "/drafts/",
    "/groups/",
    "/new-group/",
    "/settings/",
    "/settings/tokens/",
    "/settings/sessions/",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1024, 1440])
def test_every_page_is_accessible_fits_and_stays_put(window, send, scheme, width):
    send("Something to read", body="# Big\n\n| a | b |\n|-|-|\n| 1 | 2 |")
    page = window("test", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.add_init_script(WHOLE)
    for path in [*PAGES, "/inbox/1/"]:
        page.goto(path)
        assert page.evaluate(LAYOUT) == [], path
        assert not page.evaluate(OVERFLOW), path
        if width in (390, 1440):  # the colours and names in between are the same
            inspect(page, path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_state_is_accessible_and_fits(window, send, scheme, width):
    send("One", "Two")
    page = window("test", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.locator(".bar summary").click()
    inspect(page, "menu")
    page.get_by_role("button", name="Keys").click()
    inspect(page, "keys")
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Choose all on this page").check()
    inspect(page, "chosen")
    page.locator("#chosen summary").click()
    inspect(page, "move to")
    page.keyboard.press("Escape")
    chosen(page).get_by_role("button", name="Flag").click()
    expect(page.locator(".line .flagged")).to_have_count(2)
    inspect(page, "flagged")
    chosen(page).get_by_role("button", name="Archive").click()
    expect(page.get_by_text("All read and tidied away.")).to_be_visible()
    inspect(page, "empty, with a toast")
    page.evaluate("document.getElementById('offline').hidden = false")
    inspect(page, "offline")


def test_the_first_load_is_small_and_asks_nobody_else(window, send, live_server):
    send("x")
    page = window("test")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_load_state("networkidle")
    assert asked
    assert all(url.startswith(live_server.url) for url in asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_fits_and_reads_well(window, office, scheme, width, monkeypatch):
    monkeypatch.setattr("mail.web.forms.forms.ComposeForm.ASK_ABOVE", 2)
    services.drafts.save(owner=office["test"], to="anna", subject="Begun", body="words " * 60)
    page = window("test", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.goto("/drafts/")
    looks_well(page)
    dialog = open_window(page)
    to = dialog.get_by_role("combobox", name="To", exact=True)
    to.press_sequentially("anna,crew,nemo,")
    dialog.get_by_role("button", name="Cc", exact=True).click()
    page.keyboard.type("udapost,")
    dialog.get_by_label("Subject").fill("Lunch on Friday")
    body(dialog).fill("# Where\n\nAt **noon**.\n\n- soup\n- bread\n\n> quoted\n\n" + "more\n\n" * 9)
    to.press_sequentially("an")
    expect(dialog.get_by_role("option")).to_have_count(2)
    looks_well(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.locator(".compose-preview h3")).to_be_visible()
    looks_well(page)
    dialog.get_by_role("button", name="Preview").click()
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_text("Nobody here is called “nemo”.")).to_be_visible()
    looks_well(page)
    page.keyboard.press("Backspace")
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_role("button", name="Send to")).to_be_visible()
    looks_well(page)
    page.goto("/compose/")
    looks_well(page)
