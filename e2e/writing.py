"""What the stories of writing look at and do."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from mail import selectors, services
from mail.models import User


def open_window(page: Page) -> Locator:
    page.goto("/drafts/")
    page.get_by_role("link", name="Write").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox", name="To", exact=True)).to_be_focused()
    return dialog


def chips(scope: Locator | Page, field: str = "To") -> Locator:
    return scope.get_by_role("list", name=f"Names in {field}", exact=True).get_by_role("listitem")


def body(scope: Locator | Page) -> Locator:
    return scope.get_by_label("Message")


def saved(scope: Locator | Page) -> None:
    expect(scope.get_by_text("Saved in Drafts", exact=True)).to_be_visible()


def inbox(user: User) -> list[str]:
    box = selectors.boxes.own_box(user)
    services.mailbox.sync(box=box)
    return [line.subject for line in selectors.mailbox.page(box).rows]


def looks_well(page: Page) -> None:
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert results.violations_count == 0, results.generate_report()
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(overflow)
