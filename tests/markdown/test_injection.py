"""No body may bring anything into the page but the tags and attributes named here.

The allow-list is written down a second time on purpose: a slip in the
renderer's own list must not pass unseen.
"""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.content.markdown import render, rendered

from .corpus import CORPUS

KEY = "018f-7a"
CONTENT_TYPES = ["text/markdown", "text/plain"]

BARE_TAGS = (
    "blockquote br code del em h3 h4 h5 h6 hr p strong table tbody thead tr ul"  # no attributes
)
ALIGN = r"align-(left|center|right)"
ATTRIBUTES = {
    "a": {
        "class": r"remote-image|footnote-back",
        "href": rf"(https?://|mailto:)\S+|#fn(ref)?-{KEY}-\d+",
        "id": rf"fnref-{KEY}-\d+",
        "rel": r"noopener noreferrer nofollow",
        "title": r"(?s).*",
        "aria-label": r"Back to the text",
    },
    "div": {
        "class": r"table-scroll",
        "tabindex": r"0",
        "role": r"group",
        "aria-label": r"Table",
    },
    "input": {
        "type": r"checkbox",
        "disabled": r"",
        "checked": r"",
        "aria-label": r"done|to do",
    },
    "li": {"class": r"task", "id": rf"fn-{KEY}-\d+"},
    "ol": {"start": r"\d+"},
    "pre": {"class": r"plain|highlight", "tabindex": r"0"},
    "section": {"class": r"footnotes"},
    "span": {"class": r"[a-z][a-z0-9]{0,2}"},
    "sup": {"class": r"footnote-ref"},
    "td": {"class": ALIGN},
    "th": {"class": ALIGN},
} | {tag: {} for tag in BARE_TAGS.split()}
REQUIRED = {"input": {"type", "disabled"}, "a": {"rel"}}


class Inspector(HTMLParser):
    """Collects what is wrong with a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = ATTRIBUTES.get(tag)
        if allowed is None:
            self.faults.append(f"<{tag}>")
            return
        for name, value in attrs:
            if name not in allowed or not re.fullmatch(allowed[name], value or "", re.IGNORECASE):
                self.faults.append(f"<{tag} {name}={value!r}>")
        missing = REQUIRED.get(tag, set()) - {name for name, _ in attrs}
        self.faults += [f"<{tag}> without {name}" for name in missing]

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.faults.append(f"declaration {decl!r}")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"instruction {data!r}")

    def unknown_decl(self, data: str) -> None:
        self.faults.append(f"unknown declaration {data!r}")


def faults(markup: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(markup)
    inspector.close()
    return inspector.faults


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
@pytest.mark.parametrize("name", CORPUS)
def test_nothing_foreign_survives(name: str, content_type: str) -> None:
    assert faults(render(CORPUS[name], content_type=content_type, key=KEY)) == []


@pytest.mark.parametrize("name", ["script", "svg onload", "raw link", "comment", "hx-get"])
def test_the_inspector_finds_faults(name: str) -> None:
    assert faults(CORPUS[name])


def test_all_bodies_together() -> None:
    body = "\n\n".join(CORPUS.values())
    assert faults(render(body, content_type="text/markdown", key=KEY)) == []


MARKS = [" ", "\n", "\n\n", "\n    ", "> ", "- ", "- [ ] ", "1. ", "# ", "|", "\n|---|\n"]
MARKS += ["```", "`", "~~", "*", "**", "_", "[", "](", "]", ")", "![", "<", ">", '"', "'", "\\"]
MARKS += ["[^1]", "\n\n[^1]: ", "[a]: ", "&", "&lt;", "&#60;", "https://x.test/", "\0", "\ud800"]
PIECES = st.sampled_from([*CORPUS.values(), *MARKS])
CUT_PIECES = st.builds(
    lambda piece, start, size: piece[start : start + size],
    st.sampled_from(list(CORPUS.values())),
    st.integers(0, 40),
    st.integers(1, 60),
)
BODIES = st.lists(PIECES | CUT_PIECES | st.text(max_size=8), max_size=12).map("".join)


@settings(max_examples=300, deadline=None)
@given(body=BODIES, content_type=st.sampled_from(CONTENT_TYPES))
def test_mixtures(body: str, content_type: str) -> None:
    assert faults(render(body, content_type=content_type, key=KEY)) == []


@settings(max_examples=200, deadline=None)
@given(body=st.text(st.characters(), max_size=200), content_type=st.sampled_from(CONTENT_TYPES))
def test_any_text_renders(body: str, content_type: str) -> None:
    result = rendered(body, content_type=content_type, key=KEY)
    assert faults(result.html) == []
    result.html.encode()
    result.snippet.encode()
    assert "\0" not in result.html + result.snippet
