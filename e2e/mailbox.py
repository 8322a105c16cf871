"""What the stories of the mailbox look at and do."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LAYOUT = """() => new Promise(done => {
    let sum = 0
    new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value })
        .observe({type: 'layout-shift', buffered: true})
    setTimeout(() => done(sum), 300)
})"""
OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def line(page: Page, subject: str):
    return page.locator(".line").filter(has_text=subject)


def subjects(page: Page) -> list[str]:
    return page.locator(".line .subject").all_inner_texts()


def opened(page: Page):
    return page.get_by_role("toolbar", name="For this post")


def chosen(page: Page):
    return page.get_by_role("toolbar", name="For the chosen posts")


def check(page: Page, subject: str, **options) -> None:
    line(page, subject).get_by_role("checkbox").click(**options)


def inspect(page: Page, what: str) -> None:
    """No violation of WCAG 2.2 AA, and nothing wider than the window."""
    results = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    )
    assert results.violations_count == 0, what + results.generate_report()
    assert not page.evaluate(OVERFLOW), what
