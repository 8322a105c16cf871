"""The inbox in Chromium, by its own clocks: the largest paint, and how soon an input shows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from benchmarks import world
from benchmarks.api import server
from benchmarks.measure import Contender, interleaved
from benchmarks.report import Table
from benchmarks.world import World
from e2e.browser import find_chromium, launch_args
from mail import services
from mail.models import User

MAIL = 2_000  # posts in the reader's box
READER, PASSWORD = "browser-reader", "deadbeef"

# Largest Contentful Paint, in milliseconds since the navigation began.
_PAINT = """() => new Promise(done => new PerformanceObserver(list => {
    done(list.getEntries().at(-1).startTime)
}).observe({type: 'largest-contentful-paint', buffered: true}))"""
# Event Timing: from each key to the next paint, in milliseconds; Chromium rounds them to 8.
_WATCH = """() => {
    window.delays = []
    new PerformanceObserver(list => {
        const keys = list.getEntries().filter(each => each.name === 'keydown')
        delays.push(...keys.map(each => each.duration))
    }).observe({type: 'event', durationThreshold: 16})
}"""
_SHOWN = """() => new Promise(done => {
    const begin = performance.now()
    new MutationObserver((_, observer) => {
        if (document.querySelector('#pane.opened')) {
            observer.disconnect()
            requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin)))
        }
    }).observe(document.getElementById('mailbox'), {childList: true})
    document.querySelector('.line a').click()
})"""


def run(_: World, *, quick: bool) -> Table:
    _prepare()
    rounds, repeat = (3, 2) if quick else (9, 5)
    table = Table(
        "Browser",
        f"In Chromium, 1280 by 800, from gunicorn; the reader has {MAIL:,} posts. “Paint” is the "
        "largest contentful paint, “open” from the click to the frame that shows the post.",
    )
    with _page() as page:
        inbox = Contender("Opost", _timed(lambda: _paint(page, "/"), repeat))
        bare = Contender("page of a form", _timed(lambda: _paint(page, "/folders/new/"), repeat))
        opening = Contender("Opost", _timed(lambda: _opened(page), repeat))
        loading = Contender("whole page", _timed(lambda: _paint(page, "/inbox/1/"), repeat))
        key = Contender("Opost", _timed(lambda: _delay(page, "j"), repeat))
        nothing = Contender("a key that does nothing", _timed(lambda: _delay(page, "z"), repeat))
        interleaved([inbox, bare, opening, loading, key, nothing], rounds)
    table.compare("paint of the inbox", inbox, bare)
    table.compare("open a post", opening, loading)
    table.compare("next line by key", key, nothing)
    return table


def _prepare() -> None:
    reader = User.objects.create_user(READER, password=PASSWORD)
    world.fill(reader.boxes.get(kind="personal"), MAIL)
    services.mailbox.sync(box=reader.boxes.get(kind="personal"))
    world.tidy()


@contextmanager
def _page() -> Iterator[Page]:
    with server() as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=launch_args())
        page = browser.new_page(
            base_url=f"http://127.0.0.1:{port}", viewport={"width": 1280, "height": 800}
        )
        page.goto("/")
        page.get_by_label("Username").fill(READER)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.locator("#lines").wait_for()
        yield page
        browser.close()


def _timed(milliseconds: Callable[[], float], repeat: int) -> Callable[[], list[float]]:
    return lambda: [milliseconds() / 1000 for _ in range(repeat)]


def _paint(page: Page, path: str) -> float:
    page.goto(path)
    return float(page.evaluate(_PAINT))


def _opened(page: Page) -> float:
    page.goto("/")
    return float(page.evaluate(_SHOWN))


def _delay(page: Page, key: str) -> float:
    """The longest of ten presses; what is below Chromium's threshold counts as that."""
    page.goto("/")
    page.evaluate(_WATCH)
    for _ in range(10):
        page.keyboard.press(key)
        page.wait_for_timeout(20)
    page.wait_for_timeout(100)
    return float(page.evaluate("Math.max(16, ...delays)"))
