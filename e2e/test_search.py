"""Looking for a post, as a person does."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from mail import selectors, services
from mail.selectors.selection import some

NARROW = {"width": 390, "height": 800}


@pytest.fixture
def posts(cast):
    """Some mail for test, one of which is in the archive."""
    for subject, body in (
        ("Minutes of Monday", "We talked about **Größe** and weight."),
        ("Lunch", "Soup again, they say."),
        ("会议", "我们明天在会议室见面"),
    ):
        services.sending.send(sender=cast["udapost"], to=["test"], subject=subject, body=body)
    box = selectors.boxes.own_box(cast["test"])
    services.mailbox.move(
        selection=some(box, [2]), to=selectors.boxes.own_box(cast["test"], "archive")
    )


def search(page: Page, text: str) -> None:
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    page.get_by_role("searchbox", name="Search").fill(text)
    page.keyboard.press("Enter")


def test_find_read_and_go_back(window, posts):
    page = window("test")
    search(page, "grosse")
    expect(page.locator(".line")).to_have_count(1)
    expect(page.locator("mark")).to_have_text("Größe")

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Minutes of Monday")).to_be_visible()
    expect(page).to_have_url("/search/inbox/1/?q=grosse")
    expect(page.locator(".line.unread")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page).to_have_url("/search/?q=grosse")
    expect(page.locator(".line a")).to_be_focused()


def test_a_hit_says_where_it_is(window, posts):
    page = window("test")
    search(page, "soup")
    expect(page.locator(".line .chip")).to_have_text("Archive")
    page.locator(".line").get_by_role("link").click()
    expect(page).to_have_url("/search/archive/1/?q=soup")


def test_the_query_is_edited_part_by_part(window, posts):
    page = window("test")
    search(page, "from:udapost 会议室 -lunch")
    expect(page.locator(".line .subject")).to_have_text("会议")
    page.get_by_role("link", name="Without 会议室").click()
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("from:udapost -lunch")
    expect(page.locator(".line")).to_have_count(2)


def test_nothing_found_leads_on(window, posts):
    page = window("test")
    search(page, "unheard")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    page.get_by_role("link", name="Look in the trash").click()
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("unheard in:trash")


def test_what_cannot_be_read_is_said(window, posts):
    page = window("test")
    search(page, "lunch is:late")
    expect(page.get_by_role("alert").first).to_contain_text("“is:late”, at character 7")
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("lunch is:late")


def test_more_comes_while_one_scrolls(window, cast):
    for n in range(selectors.mailbox.PAGE + 3):
        services.sending.send(sender=cast["udapost"], to=["test"], subject=f"number {n}.")
    page = window("test")
    search(page, "number")
    page.locator(".line").nth(selectors.mailbox.PAGE - 1).scroll_into_view_if_needed()
    expect(page.locator(".line")).to_have_count(selectors.mailbox.PAGE + 3)
    expect(page.locator("#more")).to_have_count(0)


def test_without_scripts(window, posts, browser, live_server):
    signed_in = window("test")
    context = browser.new_context(
        base_url=live_server.url,
        java_script_enabled=False,
        storage_state=signed_in.context.storage_state(),
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_role("searchbox", name="Search").fill("grosse")
    page.get_by_role("searchbox", name="Search").press("Enter")
    page.locator(".line").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Minutes of Monday")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("query", ["monday from:udapost", "unheard", "is:late", ""])
def test_is_accessible_and_fits(window, posts, scheme, size, query):
    page = window("test", color_scheme=scheme, viewport=size)
    page.goto(f"/search/?q={query}")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= size["width"]
