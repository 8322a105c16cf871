"""What people really write: logs, dates, tables, links beside punctuation of every script."""

import html
import re

import pytest

from mail import services
from mail.content import links, replies
from mail.content.markdown import MAX_NESTING, literal, render, rendered


def md(body: str) -> str:
    return render(body, content_type="text/markdown", key="1")


def text(markup: str) -> str:
    return re.sub(r"<[^>]+>", "", markup)


def linked(markup: str) -> list[str]:
    return re.findall(r'<a href="([^"]*)"[^>]*>\1</a>', markup)


class TestDefinitions:
    """One that nothing uses is what somebody wrote."""

    @pytest.mark.parametrize(
        "body",
        [
            "[09:15]: standup\n[09:20]: review\n[09:30]: coffee",
            *["[INFO]: started", "[a]: b\n\n[c]: d", "[x]: y\n[x]: z", "[^1]: a note alone"],
            *["[INFO]: a\n[INFO]: b\nsee [INFO]", "[E]: https://x.test/1\n[E]: https://x.test/2"],
            "[plan][p]\n\n[p]: docs/plan.md",
            *[
                "text\n\n[09:15]: https://example.com/a",
                "- one\n\n  [WARN]: low",
                "> [INFO]: quoted",
            ],
        ],
    )
    def test_is_shown(self, body):
        for word in re.findall(r"[^\s>]+", body.replace("- ", "")):
            assert word in text(md(body))
        assert rendered(body, content_type="text/markdown", key="1").snippet

    def test_one_that_is_used_is_none_of_the_text(self):
        markup = md("See [a] and [the other][b].\n\n[a]: https://x.test/a\n[b]: https://x.test/b")
        assert text(markup).strip() == "See a and the other."
        assert markup.count("<a ") == 2

    def test_each_by_itself(self):
        markup = md("See [a].[^1]\n\n[a]: https://x.test/a\n[INFO]: started\n\n[^1]: n\n[^2]: m")
        assert "[INFO]: started" in text(markup)
        assert "[^2]" not in text(markup)
        assert "[a]:" not in text(markup)
        assert "[^1]:" not in text(markup)


class TestAddresses:
    """Where they end, in Markdown and in plain text."""

    @pytest.mark.parametrize(
        ("body", "urls"),
        [
            ("见https://example.com/a，然后继续。", ["https://example.com/a"]),
            (
                "（https://example.com/a）、https://example.com/b。",
                ["https://example.com/a", "https://example.com/b"],
            ),
            (
                "انظر https://example.com/a، ثم https://example.com/b؟",
                ["https://example.com/a", "https://example.com/b"],
            ),
            ("https://en.example.org/wiki/Foo_(bar)", ["https://en.example.org/wiki/Foo_(bar)"]),
            (
                "(see https://en.example.org/wiki/Foo_(bar)).",
                ["https://en.example.org/wiki/Foo_(bar)"],
            ),
            (
                "„https://example.com/d“ “https://example.com/e”",
                ["https://example.com/d", "https://example.com/e"],
            ),
            (
                "«https://example.com/d» 「https://example.com/e」",
                ["https://example.com/d", "https://example.com/e"],
            ),
            (
                "https://example.com/e! https://example.com/f?? https://example.com/g…",
                ["https://example.com/e", "https://example.com/f", "https://example.com/g"],
            ),
            (
                "'https://example.com/a', \"https://example.com/b\"",
                ["https://example.com/a", "https://example.com/b"],
            ),
            (
                "https://例え.jp/パス, https://x.test/ä?q=ü#ö",
                ["https://例え.jp/パス", "https://x.test/ä?q=ü#ö"],
            ),
            ("https://x.test/a_b_c_d/__init__.py", ["https://x.test/a_b_c_d/__init__.py"]),
            ("HTTPS://X.test/a", ["HTTPS://X.test/a"]),
            ("https://... http:// xhttps://a.test https://[", []),
        ],
    )
    def test_end_before_punctuation(self, body, urls):
        assert [body[start:end] for start, end in links.addresses(body)] == urls
        for content_type in ("text/markdown", "text/plain"):
            markup = render(body, content_type=content_type, key="1")
            assert re.findall(r"<a [^>]*>([^<]*)</a>", markup) == urls
            assert text(markup).strip() == body

    @pytest.mark.parametrize(
        ("body", "tag"),
        [
            ("**https://example.com/x**", "strong"),
            ("*https://example.com/x*", "em"),
            ("~~https://example.com/x~~", "del"),
            ("__https://example.com/x__", "strong"),
            ("**https://example.com/x**，然后", "strong"),
        ],
    )
    def test_marks_are_not_part_of_them(self, body, tag):
        markup = md(body)
        assert f"<{tag}><a " in markup
        assert 'href="https://example.com/x"' in markup

    def test_many_in_one_paragraph(self):
        links_of_a_page = [f"[the_{n}_th_one](https://a_b.test/c_{n}_d)" for n in range(60)]
        bare = [f"https://a_b.test/e_{n}_f" for n in range(60)]
        assert md(" ".join(links_of_a_page + bare)).count("<a ") == 120


class TestEmphasisWithoutSpaces:
    """As the amendment of CommonMark for Chinese, Japanese and Korean does."""

    @pytest.mark.parametrize(
        ("body", "markup"),
        [
            ("**重要：**请看", "<strong>重要：</strong>请看"),
            ("请看**“重要”**内容", "请看<strong>“重要”</strong>内容"),
            ("**스크립트(script)**라고", "<strong>스크립트(script)</strong>라고"),
            ("これは**「重要」**です。", "これは<strong>「重要」</strong>です。"),
            ("*注意！*不要", "<em>注意！</em>不要"),
            ("**重要**请看", "<strong>重要</strong>请看"),
            ("a**b:**c", "a**b:**c"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("请 ** 看 **", "请 ** 看 **"),
        ],
    )
    def test_is_bold(self, body, markup):
        assert md(body) == f"<p>{markup}</p>\n"

    def test_the_sign_of_ours_is_nobodys(self):
        assert "\ufdd0" not in md("a\ufdd0 **重要：**请看 `\ufdd0`")


class TestTables:
    def rows(self, body: str) -> list[list[str]]:
        rows = re.findall(r"<tr>(.*?)</tr>", md(body), re.DOTALL)
        return [
            [text(cell) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row)] for row in rows
        ]

    @pytest.mark.parametrize(
        ("row", "cells"),
        [
            *[("| 1 |", ["1", ""]), ("| 1 | 2 | 3 |", ["1", "2"]), ("| 1 | 2", ["1", "2"])],
            *[("1 | 2", ["1", "2"]), ("words", ["words", ""]), ("| | 2 |", ["", "2"])],
            *[("| `a\\|b` | 2 |", ["a|b", "2"]), ("| `a|b` | 2 |", ["`a", "b`"])],
            *[("| a\\|b | 2 |", ["a|b", "2"]), ("| \\\\ | 2 |", ["\\", "2"])],
        ],
    )
    def test_a_row_as_on_github(self, row, cells):
        body = f"| a | b |\n|---|:-:|\n{row}\n| x | y |"
        assert self.rows(body) == [["a", "b"], cells, ["x", "y"]]

    @pytest.mark.parametrize("before", ["- item\n\n  ", "> ", "1. x\n\n   ", "- > ", "text\n\n"])
    def test_anywhere(self, before):
        indent = "\n" + (
            before.rpartition("\n")[2] if ">" not in before else before.replace("-", " ")
        )
        assert self.rows(before + indent.join(["| a |", "|---|", "| 1 |"])) == [["a"], ["1"]]

    @pytest.mark.parametrize("behind", ["> quote", "# head", "- item", "```\ncode\n```", "---"])
    def test_another_block_ends_one(self, behind):
        assert len(self.rows(f"a | b\n--|--\n1 | 2\n{behind}")) == 2

    @pytest.mark.parametrize(
        "body", ["a | b\n--|--|--\n1 | 2", "a\n-\n", "a | b\nc | d", "| a |\n| b |"]
    )
    def test_what_is_none(self, body):
        assert "<table" not in md(body)


class TestNumbers:
    """A date at a line's start is no item of a list."""

    @pytest.mark.parametrize(
        "body",
        [
            "30. Juni",
            "30. Juni\n15. Juli",
            "1. Mai\n\n30. Juni",
            "3. a\n2. b\n1. c",
            "2026. Jahr",
            "8) acht",
        ],
    )
    def test_stays_as_it_was_typed(self, body):
        assert text(md(body)).split() == body.split()

    @pytest.mark.parametrize(
        "body",
        [
            "1. a\n2. b",
            "1. a\n1. b\n1. c",
            "3. a\n4. b",
            "1) a",
            "0. a\n1. b",
            "1. a\n\n   x\n2. b",
        ],
    )
    def test_a_list_is_one(self, body):
        assert "<ol" in md(body)


class TestQuotes:
    @pytest.mark.parametrize("depth", [1, MAX_NESTING, MAX_NESTING + 1, 12, 60])
    def test_no_sign_is_shown_however_deep(self, depth):
        markup = md(">" * depth + " deep\n" + "> " * depth + "also")
        assert text(markup).split() == ["deep", "also"]
        assert markup.count("<blockquote>") == min(depth, MAX_NESTING)


PLAIN = "# x\n__init__ and *stars*\nC:\\temp\\*.log\n> quoted\n1. one\n   indented"


class TestToTheLetter:
    def test_an_answer_to_plain_text_quotes_it_so(self, alice, bob):
        post = services.sending.send(
            sender=alice, to=["bob"], body=PLAIN, content_type="text/plain"
        ).post
        begun = replies.reply(post, bob)
        sent = services.sending.send(
            sender=bob, to=["alice"], body=begun["body"], content_type=begun["content_type"]
        ).post
        for line in PLAIN.split("\n"):
            assert f"&gt; {line}".replace("> q", "&gt; q") in sent.body_html
        assert "<strong>" not in sent.body_html

    @pytest.mark.parametrize(
        "subject",
        [
            *[
                "Fix __init__.py *now* [here](https://example.com)",
                "https://example.com",
                "a `b` ~~c~~",
            ],
            *[
                "<b>x</b> &amp; y",
                "![i](https://example.com/i.png)",
                r"C:\temp\*.log",
                "a|b",
                "[^1] [x]",
            ],
            *["mailto:a@b.c", "**重要：**请看", "1. x", "# x", "<https://example.com>"],
        ],
    )
    def test_a_forwarded_subject_is_plain(self, alice, bob, subject):
        post = services.sending.send(sender=alice, to=["bob"], subject=subject, body="*body*").post
        sent = services.sending.send(
            sender=bob, to=["alice"], body=replies.forward(post, bob)["body"]
        ).post
        assert f"Subject: {subject}" in html.unescape(text(sent.body_html))
        assert "<a " not in sent.body_html
        assert sent.body_html.count("<em>") == 1

    def test_what_marks_nothing_is_left_alone(self):
        assert literal("hello, bob-2 (x) at 10: fine!") == "hello, bob-2 (x) at 10: fine!"


FAMILY = "👨‍👩‍👧‍👦"


class TestSnippets:
    @pytest.mark.parametrize("sign", [FAMILY, "🇩🇪", "é", "👍🏽", "क्षि", "❤️"])
    @pytest.mark.parametrize("before", range(8))
    def test_are_cut_between_graphemes(self, sign, before):
        body = "x" * before + sign * 160
        snippet = rendered(body, content_type="text/plain", key="1").snippet
        shown = snippet.removesuffix("…")
        assert shown == "x" * before + sign * ((len(shown) - before) // len(sign))
        assert len(snippet) <= 160

    def test_one_that_never_ends_is_cut(self):
        snippet = rendered("a" + "\u0301" * 500, content_type="text/plain", key="1").snippet
        assert len(snippet) == 160
