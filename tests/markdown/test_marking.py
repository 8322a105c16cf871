"""What was looked for is marked in a body, and nothing else of the body changes."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.content.markdown import render
from mail.search import tokenizer
from mail.templatetags.mail import marked_body

from .corpus import CORPUS
from .test_bounds import SHAPES, SIZE
from .test_injection import BODIES, CONTENT_TYPES, KEY, faults

CPU_SECONDS = 10  # several times what the shapes take
MARK = re.compile(r"</?mark>")


class Document(HTMLParser):
    """What a piece of HTML says: tags with their attributes, and the text between them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.parts: list[object] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(tag)

    def handle_data(self, data: str) -> None:
        self.parts.append([data])

    def joined(self) -> list[object]:
        """The parts but for marks, with the text that those have parted in one."""
        made: list[object] = []
        for part in self.parts:
            if part in (("mark", []), "mark"):
                continue
            if isinstance(part, list) and made and isinstance(made[-1], list):
                made[-1] = [made[-1][0] + part[0]]
            else:
                made.append(part)
        return made


def patterns(*texts: str) -> list[tokenizer.Pattern]:
    return [tokenizer.Pattern.of(text, beginning=True) for text in texts]


@pytest.mark.parametrize(
    ("body", "typed", "marked"),
    [
        ("some **Grüße** here", "grusse", "<p>some <strong><mark>Grüße</mark></strong> here</p>\n"),
        ("a & b <c> \"d\" 'e'", "b", "<p>a &amp; <mark>b</mark> &lt;c&gt; "),
        ("amp & lt <", "amp", "<p><mark>amp</mark> &amp; lt &lt;</p>"),
        ('[a](https://x.test "b > a")', "b", ' title="b &gt; a"'),
        ('[a](https://x.test "b > a")', "a", "><mark>a</mark></a>"),
        ("strong **x** p em", "strong", "<p><mark>strong</mark> <strong>x</strong> p em</p>"),
        ("在会议室见", "会议", "<p>在<mark>会议</mark>室见</p>"),
        ("nothing", "", "<p>nothing</p>"),
    ],
)
def test_marks_text_and_no_tag(body: str, typed: str, marked: str) -> None:
    markup = render(body, content_type="text/markdown", key=KEY)
    assert marked in marked_body(markup, patterns(typed))


def test_a_value_may_hold_what_ends_a_tag() -> None:
    markup = '<a href="https://x.test" title="b > a">a > b</a>'
    marked = '<a href="https://x.test" title="b > a"><mark>a</mark> &gt; b</a>'
    assert marked_body(markup, patterns("a")) == marked


TYPED = st.lists(
    st.sampled_from(["a", "click", "fired", "script", "amp", "lt", "quot", "x27", "href", "pre"])
    | st.sampled_from(["rel", "class", "noopener", "https", "mark", "39", "1", "fn", "p", "会"])
    | st.text(min_size=1, max_size=4),
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(body=BODIES, typed=TYPED, content_type=st.sampled_from(CONTENT_TYPES))
def test_nothing_else_changes(body: str, typed: list[str], content_type: str) -> None:
    check(render(body, content_type=content_type, key=KEY), typed)


@pytest.mark.parametrize("name", CORPUS)
def test_nothing_else_changes_in_what_means_harm(name: str) -> None:
    markup = render(CORPUS[name], content_type="text/markdown", key=KEY)
    check(markup, [word.text for word in tokenizer.words(CORPUS[name])] or ["x"])


def check(markup: str, typed: list[str]) -> None:
    marked = marked_body(markup, patterns(*typed))
    assert Document(marked).joined() == Document(markup).joined()
    assert marked.count("<mark>") == marked.count("</mark>")
    assert faults(MARK.sub("", marked)) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_the_worst_bodies_are_quick(shape: str) -> None:
    typed = ["a", "b", "amp", "lt", "http", "a a a a", *(chr(0x3B1 + n) for n in range(20))]
    quick(render(SHAPES[shape][:SIZE], content_type="text/markdown", key=KEY), typed)


@pytest.mark.parametrize("unit", ["a ", "a b ", "会", "&", "a&", "aaa ", "ﷺ "])
def test_the_worst_texts_are_quick(unit: str) -> None:
    body = (unit * SIZE)[:SIZE]
    typed = ["a", "会", "a b", "a " * 100 + "c", "会" * 100 + "a", "aaa"]
    typed += [f"{letter}x" for letter in "abcdefghijklmnopqrstuvwxyz"] * 3
    quick(render(body, content_type="text/plain", key=KEY), typed)


def quick(markup: str, typed: list[str]) -> None:
    start = time.process_time()
    marked_body(markup, patterns(*typed))
    assert time.process_time() - start < CPU_SECONDS
