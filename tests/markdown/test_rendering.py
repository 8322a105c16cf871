"""What people write in mails, and what they then see."""

import re

import pytest

from mail.content.markdown import LANGUAGE_ALIASES, LANGUAGES, Rendered, render, rendered


def md(body: str, key: str = "1") -> str:
    return render(body, content_type="text/markdown", key=key)


def plain(body: str) -> str:
    return render(body, content_type="text/plain", key="1")


def snippet(body: str, content_type: str = "text/markdown") -> str:
    return rendered(body, content_type=content_type, key="1").snippet


REL = 'rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("body", "markup"),
    [
        ("# a", "<h3>a</h3>\n"),
        ("## a", "<h4>a</h4>\n"),
        ("#### a", "<h6>a</h6>\n"),
        ("###### a", "<h6>a</h6>\n"),
        ("a\n===", "<h3>a</h3>\n"),
        ("*a* **b** ~~c~~", "<p><em>a</em> <strong>b</strong> <del>c</del></p>\n"),
        ("a\nb", "<p>a<br>\nb</p>\n"),
        ("a\r\nb", "<p>a<br>\nb</p>\n"),
        ("a\n\nb", "<p>a</p>\n<p>b</p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
        ("> a\n> b", "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>\n"),
        ("---", "<hr>\n"),
        ("`a<b`", "<p><code>a&lt;b</code></p>\n"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>\n"),
        ("\\*a\\*", "<p>*a*</p>\n"),
        ("<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>\n"),
        ("<div>\na\n</div>", "<p>&lt;div&gt;<br>\na<br>\n&lt;/div&gt;</p>\n"),
        ("", ""),
    ],
)
def test_basic_marks(body: str, markup: str) -> None:
    assert md(body) == markup


@pytest.mark.parametrize(
    ("body", "markup"),
    [
        ("[a](https://x.test/?b=1&c=2)", f'<a href="https://x.test/?b=1&amp;c=2" {REL}>a</a>'),
        ('[a](http://x.test "t")', f'<a href="http://x.test" title="t" {REL}>a</a>'),
        ("[a](mailto:b@x.test)", f'<a href="mailto:b@x.test" {REL}>a</a>'),
        ("<b@x.test>", f'<a href="mailto:b@x.test" {REL}>b@x.test</a>'),
        ("https://x.test/a.", f'<a href="https://x.test/a" {REL}>https://x.test/a</a>.'),
        ("[a][b]\n\n[b]: https://x.test", f'<a href="https://x.test" {REL}>a</a>'),
    ],
)
def test_links(body: str, markup: str) -> None:
    assert md(body) == f"<p>{markup}</p>\n"


@pytest.mark.parametrize(
    "url",
    ["/logout", "logout", "../x", "//x.test", "#main", "#fn-1-1", "?a", "https:logout", "http:/x"],
)
def test_links_into_our_own_site_stay_text(url: str) -> None:
    assert md(f"[a]({url}) ![b]({url})") == f"<p>a ({url}) b ({url})</p>\n"


@pytest.mark.parametrize(
    "url", ["ftp://x.test", "javascript:a", "data:text/html,a", "file:///c:/a"]
)
def test_other_schemes_stay_text(url: str) -> None:
    assert md(f"[a]({url})") == f"<p>a ({url})</p>\n"
    assert md(f"<{url}>") == f"<p>{url}</p>\n"


@pytest.mark.parametrize("url", ["tel:+4930123", "sms:+4930123", "mailto:a@x.test", "TEL:1"])
def test_people_are_called_and_written_to(url: str) -> None:
    assert md(f"[Call]({url})") == f'<p><a href="{url}" {REL}>Call</a></p>\n'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("![a *b*](https://x.test/i.png)", "a b"),
        ("![](https://x.test/i.png)", "https://x.test/i.png"),
        ("![a\\<b](https://x.test/i.png)", "a&lt;b"),
    ],
)
def test_remote_images_are_links(body: str, text: str) -> None:
    link = f'<a class="remote-image" href="https://x.test/i.png" {REL}>{text}</a>'
    assert md(body) == f"<p>{link}</p>\n"


def test_an_image_in_a_link_is_its_text() -> None:
    markup = md("[![a](https://x.test/i.png)](https://x.test)")
    assert markup == f'<p><a href="https://x.test" {REL}>a</a></p>\n'


def test_task_lists_cannot_be_used() -> None:
    markup = md("- [ ] a\n- [x] b")
    boxes = re.findall("<input[^>]*>", markup)
    assert [("checked" in box, "disabled" in box) for box in boxes] == [(False, True), (True, True)]
    assert ['aria-label="to do"' in box for box in boxes] == [True, False]
    assert markup.count('<li class="task">') == 2


@pytest.mark.parametrize(
    "body",
    ["| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |", "a | b | c\n:--|:-:|--:\n1 | 2 | 3"],
)
def test_tables_align_and_scroll(body: str) -> None:
    markup = md(body)
    assert markup.startswith('<div class="table-scroll" tabindex="0"')
    assert '<th class="align-left">a</th>' in markup
    assert '<td class="align-center">2</td>' in markup
    assert '<td class="align-right">3</td>' in markup


def test_tables_in_quotes() -> None:
    assert "<td>1</td>" in md("> | a |\n> |---|\n> | 1 |")


@pytest.mark.parametrize("name", ["python", "py", "Python", "py title=x"])
def test_code_is_highlighted_by_classes(name: str) -> None:
    markup = md(f"```{name}\ndef a(): pass\n```")
    assert markup.startswith('<pre class="highlight" tabindex="0"><code><span class="k">def</span>')
    assert "style=" not in markup


@pytest.mark.parametrize("info", ["", "nonsense", "text", "rst", "html+jinja"])
def test_code_in_other_languages_is_plain(info: str) -> None:
    markup = md(f"```{info}\n<a>  b\n```")
    assert markup == '<pre class="highlight" tabindex="0"><code>&lt;a&gt;  b\n</code></pre>\n'


@pytest.mark.parametrize("name", sorted(LANGUAGES | LANGUAGE_ALIASES.keys()))
def test_every_language_is_highlighted(name: str) -> None:
    assert "<span class=" in md(f"```{name}\n-1 = 'a'; <?php 1 <b c='1'>\n```")


def test_every_class_of_highlighted_code_survives() -> None:
    assert '<span class="gd">-a' in md("```diff\n-a\n+b\n```")
    assert '<span class="kt">int</span>' in md("```c\nint a;\n```")


NOTES = "a[^x] b[^y] c[^x]\n\n[^x]: first\n[^y]: second"


def test_footnotes_link_both_ways() -> None:
    markup = md(NOTES, key="7-b")
    ids = re.findall(r'id="([^"]+)"', markup)
    targets = re.findall(r'href="#([^"]+)"', markup)
    assert ids == ["fnref-7-b-1", "fnref-7-b-2", "fn-7-b-1", "fn-7-b-2"]
    assert targets == ["fn-7-b-1", "fn-7-b-2", "fn-7-b-1", "fnref-7-b-1", "fnref-7-b-2"]


def test_footnotes_of_two_posts_differ() -> None:
    first, second = (set(re.findall(r'id="([^"]+)"', md(NOTES, key=key))) for key in "12")
    assert not first & second


def test_footnotes_mentioned_only_in_footnotes() -> None:
    markup = md("a[^1]\n\n[^1]: b[^2]\n[^2]: c[^1]\n[^3]: never")
    assert set(re.findall(r'href="#([^"]+)"', markup)) == set(re.findall(r'id="([^"]+)"', markup))
    assert "never" not in markup


def test_plain_text_keeps_its_shape() -> None:
    assert plain("a  <b>\n  *c*") == '<pre class="plain">a  &lt;b&gt;\n  *c*</pre>'


def test_plain_text_links_urls() -> None:
    link = f'<a href="https://x.test/?a=1&amp;b=2" {REL}>https://x.test/?a=1&amp;b=2</a>'
    assert plain("(https://x.test/?a=1&b=2).") == f'<pre class="plain">({link}).</pre>'
    assert "<a" not in plain("javascript:a ftp://x.test /logout http:// https://...")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("# Hello\n\n*big* **world**", "Hello big world"),
        ("a\nb\n\n- c\n- d", "a b c d"),
        ("- [x] a", "a"),
        ("[a](https://x.test) ![b](https://x.test)", "a b"),
        ("a[^1] b\n\n[^1]: note", "a b"),
        ("```py\na = '<b>'\n```", "a = '<b>'"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
        ("a & b &amp; <i>", "a & b &amp; <i>"),
        ('[a](https://x.test "b>c") d', "a d"),
        ("un*believ*able", "unbelievable"),
        ("", ""),
        ("---", ""),
    ],
)
def test_snippets(body: str, text: str) -> None:
    assert snippet(body) == text


def test_long_snippets_end_at_a_word() -> None:
    text = snippet("wörter " * 50)
    assert text == " ".join(["wörter"] * 22) + "…"
    assert snippet("a " * 79 + "bb") == "a " * 79 + "bb"
    assert snippet("x" * 300) == "x" * 159 + "…"


def test_snippets_of_plain_text() -> None:
    assert snippet("a  *b*\n<c> https://x.test", "text/plain") == "a *b* <c> https://x.test"


def test_one_pass_gives_both() -> None:
    assert rendered("*a*", content_type="text/markdown", key="1") == Rendered(
        "<p><em>a</em></p>\n", "a"
    )


@pytest.mark.parametrize("body", ["a\0b", "a\ud800b"])
def test_characters_that_cannot_be_stored_are_replaced(body: str) -> None:
    assert md(body) == "<p>a\ufffdb</p>\n"
    assert plain(body) == '<pre class="plain">a\ufffdb</pre>'


@pytest.mark.parametrize("key", ["", "a b", 'a"', "-", "a--b", "a-", "ä"])
def test_unusable_keys_are_refused(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        md("a", key=key)


def test_unknown_content_types_are_refused() -> None:
    with pytest.raises(ValueError, match="content type"):
        render("a", content_type="text/html", key="1")
