"""What the first look at the inbox costs over the wire."""

import gzip
import re
from http import HTTPStatus
from pathlib import Path

from django.contrib.staticfiles import finders

from mail import selectors

ALLOWED = 60 * 1024  # bytes


def test_the_first_load_of_the_inbox_is_small(signed_in, bob, fill):
    fill(selectors.boxes.own_box(bob), selectors.mailbox.PAGE)
    page = signed_in(bob).get("/", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    html = gzip.decompress(page.content).decode()
    files = set(re.findall(r'(?:href|src)="/static/([^"#]+)', html))
    assert any(file.endswith(".css") for file in files)
    files |= {f"js/compose/{module}" for file in files for module in _imported(file)}
    assert "js/compose/kept.js" in files

    weights = {file: len(gzip.compress(_content(file))) for file in files}

    assert len(page.content) + sum(weights.values()) <= ALLOWED, weights


def _content(file: str) -> bytes:
    return Path(str(finders.find(file))).read_bytes()


def _imported(file: str) -> list[str]:
    """The modules that one of JavaScript asks for in turn."""
    if not file.startswith("js/compose/"):
        return []
    return re.findall(r'from "\./([^"]+)"', _content(file).decode())


def test_the_api_is_not_compressed_again(signed_in, bob):
    answer = signed_in(bob).get("/postapi/users", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == HTTPStatus.OK
    assert "Content-Encoding" not in answer.headers
