"""Show hostile mails in a real browser, without any policy: nothing may run or load.

The pages have no Content-Security-Policy on purpose, so that the cleaned HTML
alone has to hold.
"""

from collections.abc import Iterator
from itertools import batched

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Frame

from mail.content.markdown import render
from tests.markdown.corpus import CORPUS

PAGE = "https://opost.test/"
CONTAINERS = ["<div>{}</div>", '<div hx-ignore class="body">{}</div>']
CONTENT_TYPES = ["text/markdown", "text/plain"]
BODIES_PER_PAGE = 40

# Click all links and buttons, hover over everything, focus what can be focused, and leave
# time for timers, animations and meta refreshes. Clicks may be followed: the page watches.
PROVOKE = """async () => {
  for (const element of document.body.querySelectorAll('*')) {
    for (const name of ['mouseover', 'mouseenter', 'mousemove', 'toggle', 'error', 'load'])
      element.dispatchEvent(new MouseEvent(name, {bubbles: true}));
    element.focus?.();
  }
  for (const element of document.body.querySelectorAll('a, button, [onclick], svg a'))
    element.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
  await new Promise(resolve => setTimeout(resolve, 150));
}"""
# Ordinary links are allowed to lead elsewhere; stopping them keeps the page for the next click.
# This listener is the last to be asked, and does not stop "javascript:" or anything relative.
STAY = """addEventListener('click', event => {
  const link = event.target.closest?.('a[href]');
  if (link && /^(https?:\\/\\/|mailto:)/i.test(link.getAttribute('href'))) event.preventDefault();
})"""


class Watch:
    """A page that writes down all that mail must not make it do."""

    def __init__(self, context: BrowserContext) -> None:
        self.events: list[str] = []
        # "No content" leaves the page in place, even for a navigation.
        context.route("**/*", lambda route: route.fulfill(status=204))
        # A page of its own address: relative URLs and navigations are then visible.
        context.route(PAGE, lambda route: route.fulfill(body="<p>", content_type="text/html"))
        context.on("request", lambda request: self.events.append(f"request {request.url[:80]}"))
        context.on("dialog", self._dismiss)
        self.page = context.new_page()
        self.page.on("framenavigated", self._navigated)

    def _dismiss(self, dialog: Dialog) -> None:
        self.events.append("dialog")
        dialog.dismiss()

    def _navigated(self, frame: Frame) -> None:
        if not frame.url.startswith(f"{PAGE}#fn"):
            self.events.append(f"navigation {frame.url[:80]}")

    def show(self, markup: str) -> list[str]:
        """Show the markup, provoke it, and return what happened."""
        self.page.goto(PAGE)
        self.events.clear()
        self.page.set_content(f"<!doctype html><meta charset=utf-8><body>{markup}</body>")
        self.page.evaluate(STAY)
        self.page.evaluate(PROVOKE)
        if self.page.evaluate("'__fired' in window"):
            self.events.append("script")
        return self.events


@pytest.fixture(scope="module")
def watch(browser: Browser) -> Iterator[Watch]:
    context = browser.new_context()
    yield Watch(context)
    context.close()


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_nothing_runs(watch: Watch, content_type: str, container: str) -> None:
    for number, names in enumerate(batched(CORPUS, BODIES_PER_PAGE)):
        bodies = (
            render(CORPUS[name], content_type=content_type, key=f"{number}-{index}")
            for index, name in enumerate(names)
        )
        markup = "<hr>".join(container.format(body) for body in bodies)
        assert watch.show(markup) == [], names


@pytest.mark.parametrize(
    ("markup", "event"),
    [
        ("<script>alert(1)</script>", "dialog"),
        (CORPUS["script"], "script"),
        (CORPUS["svg onload"], "script"),
        (CORPUS["raw link"], "script"),
        (CORPUS["div onclick"], "script"),
        (CORPUS["animation handler"], "script"),
        (CORPUS["iframe srcdoc"], "script"),
        (CORPUS["img onerror"], f"request {PAGE}x"),
        ("<img src=https://evil.test/pixel.png>", "request https://evil.test/pixel.png"),
        ("<a href=/logout>click</a>", f"request {PAGE}logout"),
        ("<a href=https:logout>click</a>", f"request {PAGE}logout"),
        ("<a href='#main'>click</a>", f"navigation {PAGE}#main"),
    ],
)
def test_the_watch_sees_what_is_not_cleaned(watch: Watch, markup: str, event: str) -> None:
    assert event in watch.show(f"<div>{markup}</div>")


def test_links_and_footnotes_still_work(watch: Watch) -> None:
    body = "a[^1] [b](https://x.test)\n\n[^1]: c"
    markup = render(body, content_type="text/markdown", key="1")
    assert watch.show(markup) == []
    watch.page.get_by_role("link", name="1", exact=True).click()
    assert watch.page.url == f"{PAGE}#fn-1-1"
    watch.page.get_by_role("link", name="Back to the text").click()
    assert watch.page.url == f"{PAGE}#fnref-1-1"
    assert (
        watch.page.get_by_role("link", name="b", exact=True).get_attribute("href")
        == "https://x.test"
    )
