"""Shared fixtures of the browser tests."""

from typing import Any

import pytest

from e2e.browser import find_chromium, launch_args


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": find_chromium(),
        "args": launch_args(),
    }
