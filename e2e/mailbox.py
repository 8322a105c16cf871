"""What the stories of the mailbox look at and do."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Run in a page before it is read: shows it when it has been read to its end. Before that, a browser
# paints as much as it happens to have, and what that moves depends on how busy the machine is.
WHOLE = """
    const unread = new CSSStyleSheet()
    unread.replaceSync('html { visibility: hidden }')
    document.adoptedStyleSheets = [unread]
    document.addEventListener('readystatechange', () => { document.adoptedStyleSheets = [] })
"""
# What moved on its own; what was moved, and how far, is only to say why.
LAYOUT = """() => new Promise(done => {
    const place = rect => [rect.x, rect.y, rect.width, rect.height].map(Math.round).join(' ')
    const moved = []
    new PerformanceObserver(list => {
        for (const entry of list.getEntries().filter(entry => entry.value > 0))
            moved.push([entry.value, ...entry.sources.map(({node, previousRect, currentRect}) =>
                `${node?.outerHTML ?? node?.textContent}`.slice(0, 100)
                + ` ${place(previousRect)} -> ${place(currentRect)}`)])
    }).observe({type: 'layout-shift', buffered: true})
    setTimeout(() => done(moved), 300)
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
