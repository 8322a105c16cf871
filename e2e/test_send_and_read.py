"""Test writes to udapost, who broadcasts; test reads both, marks one unread and deletes one."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect


def write(page: Page, *, to: str, subject: str, body: str) -> None:
    page.get_by_role("link", name="Write", exact=True).click()
    page.get_by_label("To", exact=True).fill(to)
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Message").fill(body)
    page.get_by_role("button", name="Send").click()
    if to == "everyone":
        page.get_by_role("button", name="Send to").click()
    expect(page.get_by_text(f"Sent to {to}.")).to_be_visible()


def opened(page: Page):
    return page.get_by_role("toolbar", name="For this post")


def line(page: Page, subject: str):
    return page.get_by_role("listitem").filter(has_text=subject)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_send_broadcast_read_mark_and_delete(window, scripts):
    test = window("test", java_script_enabled=scripts)
    write(test, to="udapost", subject="A question", body="May I **broadcast**?")

    udapost = window("udapost", java_script_enabled=scripts)
    line(udapost, "A question").get_by_role("link").click()
    expect(udapost.locator(".body strong")).to_have_text("broadcast")
    if not scripts:
        udapost.go_back()
    write(
        udapost, to="everyone", subject="News", body="- [x] said\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    write(udapost, to="test", subject="Re: A question", body="No.")

    test.goto("/")
    expect(test.locator(".unread")).to_have_count(2)
    line(test, "News").get_by_role("link").click()
    expect(test.get_by_role("cell", name="2")).to_be_visible()
    read_it(test, scripts=scripts, left=1)

    line(test, "Re: A question").get_by_role("link").click()
    expect(test.locator(".body")).to_have_text("No.")
    read_it(test, scripts=scripts, left=0)

    line(test, "News").get_by_role("link").click()
    expect(test.get_by_role("cell", name="2")).to_be_visible()
    opened(test).get_by_role("button", name="Mark unread").click()
    expect(test.locator(".unread")).to_have_count(1)
    expect(line(test, "News")).to_contain_text("Unread")

    line(test, "Re: A question").get_by_role("link").click()
    expect(test.locator(".body")).to_have_text("No.")
    opened(test).get_by_role("button", name="Delete").click()
    expect(test.get_by_role("status")).to_contain_text("1 post is in the trash.")
    expect(test.locator(".line")).to_have_count(1)
    test.get_by_role("link", name="Trash").click()
    expect(line(test, "Re: A question")).to_be_visible()

    udapost.get_by_role("link", name="Sent").click()
    expect(line(udapost, "Re: A question")).to_be_visible()


def read_it(page: Page, *, scripts: bool, left: int) -> None:
    """With scripts opening marks it read; without, a button does."""
    if not scripts:
        opened(page).get_by_role("button", name="Mark read").click()
    expect(page.locator(".unread")).to_have_count(left)


def test_what_is_typed_comes_back_with_an_error(window):
    page = window("test")
    page.get_by_role("link", name="Write", exact=True).click()
    page.get_by_label("To", exact=True).fill("everyone")
    page.get_by_label("Message").fill("typed with care")
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_text("Only people with the permission to broadcast")).to_be_visible()
    expect(page.get_by_label("Message")).to_have_value("typed with care")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_fits_and_reads_well(window, scheme, width):
    page = window("udapost", color_scheme=scheme, viewport={"width": width, "height": 800})
    write(page, to="udapost", subject="To myself", body="# Big\n\n```python\nx = 1\n```\n> quoted")
    for step in ("inbox", "post", "form"):
        if step == "post":
            line(page, "To myself").get_by_role("link").click()
            expect(page.locator(".body")).to_be_visible()
        if step == "form":
            page.goto("/compose/")
        results = Axe().run(
            page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
        )
        assert results.violations_count == 0, results.generate_report()
        overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(overflow)
