"""Shared fixtures of the browser tests: a small cast, and pages that must stay clean."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from e2e.browser import find_chromium, launch_args
from mail.models import User

# Playwright runs an event loop in this thread, where Django would refuse its own connection.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

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


@pytest.fixture
def window(browser: Browser, live_server, cast) -> Iterator[Callable[..., Page]]:
    """Open a window in which a person is signed in; fails where it leaves errors behind."""
    complaints: list[str] = []
    opened = []

    def listen(message: ConsoleMessage) -> None:
        refused = "status of 422" in message.text  # a form that comes back is no fault
        if message.type in ("error", "warning") and not refused:
            complaints.append(message.text)

    def window(username: str, *, complains: bool = True, **options: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, **options)
        opened.append(context)
        page = context.new_page()
        if complains:  # or the story is about a fault, which the browser reports
            page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
        return page

    yield window
    for context in opened:
        context.close()
    assert not complaints
