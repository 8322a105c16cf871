"""Shared fixtures of the browser tests: a small cast, and pages that must stay clean."""

import os
import re
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from e2e.browser import find_chromium, launch_args
from mail import services
from mail.models import User

# Playwright runs an event loop in this thread, where Django would refuse its own connection.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

FAILED = pytest.StashKey[bool]()
TRACES = Path(__file__).resolve().parent.parent / "test-results"
PASSWORD = "deadbeef"  # noqa: S105 - the cast's
expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": find_chromium(),
        "args": launch_args(),
    }


@pytest.fixture
def cast(transactional_db) -> dict[str, User]:
    """Test, an ordinary person, and udapost, who may broadcast."""
    return {
        "test": User.objects.create_user("test", password=PASSWORD, first_name="Tess"),
        "udapost": User.objects.create_superuser("udapost", password=PASSWORD),
    }


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures see whether the test failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def window(
    request: pytest.FixtureRequest, browser: Browser, live_server, cast
) -> Iterator[Callable[..., Page]]:
    """Open a window in which a person is signed in; fails where it leaves errors behind.

    When the test fails, what happened in each window is kept in test-results/, to be opened with
    `playwright show-trace`.
    """
    complaints: list[str] = []
    opened = []

    def listen(message: ConsoleMessage) -> None:
        refused = "status of 422" in message.text  # a form that comes back is no fault
        if message.type in ("error", "warning") and not refused:
            complaints.append(message.text)

    def window(username: str, *, complains: bool = True, **options: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, **options)
        opened.append(context)
        context.tracing.start(snapshots=True)
        page = context.new_page()
        if complains:  # or the story is about a fault, which the browser reports
            page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
        page.wait_for_load_state()  # until then keys are nobody's
        return page

    yield window
    for nr, context in enumerate(opened, 1):
        name = re.sub(r"[^\w.-]+", "-", request.node.name)
        failed = request.node.stash.get(FAILED, True) or complaints
        context.tracing.stop(path=TRACES / f"{name}-{nr}.zip" if failed else None)
        context.close()
    let_requests_end()
    assert not complaints


_BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


def let_requests_end() -> None:
    """Wait until nothing asks the database any more, which is about to be emptied.

    What a page had under way goes on when its window closes, and would wait for the emptying as the
    emptying waits for it.
    """
    quiet = 0
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(_BUSY)
            quiet = 0 if cursor.fetchone()[0] else quiet + 1
        if quiet == 3:  # also between the statements of one request
            return
        time.sleep(0.03)


@pytest.fixture
def send(cast):
    """Write to test in udapost's name, without a window."""

    def send(*subjects: str, **more) -> None:
        for subject in subjects:
            services.sending.send(sender=cast["udapost"], to=["test"], subject=subject, **more)

    return send


@pytest.fixture
def office(cast: dict[str, User]) -> dict[str, User]:
    """The cast, with colleagues and a group of three of them."""
    for name, full_name in (("anna", "Anna Berg"), ("annika", "Annika Thor"), ("ben", "Ben Annan")):
        first, _, last = full_name.partition(" ")
        cast[name] = User.objects.create_user(name, first_name=first, last_name=last)
    crew = services.groups.create(name="crew", by=cast["anna"])
    for name in ("anna", "ben", "test"):
        services.memberships.join(box=crew, user=cast[name], by=cast[name])
    return cast


@pytest.fixture
def untidy(browser: Browser, live_server, office) -> Iterator[Callable[..., Page]]:
    """A window where the browser may complain of failed requests, which the story is about."""
    opened = []

    def window(username: str) -> Page:
        client = Client()
        client.force_login(office[username])
        context = browser.new_context(base_url=live_server.url)
        value: str = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])
        opened.append(context)
        return context.new_page()

    yield window
    for context in opened:
        context.close()
    let_requests_end()
