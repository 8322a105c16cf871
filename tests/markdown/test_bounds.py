"""The largest body of the worst shape renders in bounded time.

The limit is CPU time and several times what the shapes take, so that a busy
machine does not fail it; without the renderer's bounds most of them would run
for minutes.
"""

import time

import pytest

from mail.content.markdown import (
    MAX_HIGHLIGHTED,
    MAX_LINES,
    MAX_MARKS,
    MAX_NESTING,
    MAX_TABLES,
    render,
)

SIZE = 256 * 1024
CPU_SECONDS = 10
LINES = MAX_LINES - 10
HALF_MARKS = MAX_MARKS // 2


def fill(unit: str) -> str:
    return (unit * (SIZE // len(unit) + 1))[:SIZE]


def halves(first: str, second: str) -> str:
    return first * (SIZE // 2 // len(first)) + second * (SIZE // 2 // len(second))


def code(language: str, unit: str) -> str:
    return f"```{language}\n{(unit * MAX_HIGHLIGHTED)[: MAX_HIGHLIGHTED - 1]}\n```"


SHAPES = {
    "quotes": fill(">"),
    "quotes and text": ">" * (MAX_NESTING + 1) + " a\n" + "b\n" * LINES,
    "quote lines": fill("> a\n"),
    "lists": ("- " * (MAX_NESTING + 1) + "a" * 10 + "\n") * LINES,
    "lists in one line": fill("- "),
    "lists and quotes": fill("- > "),
    "open brackets": fill("["),
    "open images": fill("!["),
    "brackets": halves("[", "]"),
    "references": "[a]: http://b\n\n" + fill("[a][b]"),
    "links": fill("[a](http://b) "),
    "urls": fill("http://a"),
    "urls in brackets": "[" + fill("[http://a]"),
    "emphasis": fill("*a"),
    "emphasis opened and closed": halves("*a ", "b* "),
    "emphasis below the bound": fill("*" * HALF_MARKS + "a*" * HALF_MARKS + "\n\n"),
    "emphasis of three": halves("***a ", "b** "),
    "strikethrough": halves("~~a ", "b~~ "),
    "backticks": "".join("`" * size + "a" for size in range(1, 720)),
    "less-than": fill("<"),
    "tag attributes": "<a " + fill("a "),
    "comments": fill("<!--"),
    "pipes": fill("|"),
    "broken tables": "a|b\n-|-\n" * MAX_TABLES + "a|b\n" * (LINES - 3 * MAX_TABLES) + "a|b|c\n",
    "many broken tables": fill("a|b\n-|-\n") + "a|b|c\n",
    "wide table": "|" + "a|" * 24_000 + "\n|" + "-|" * 24_000 + "\n",
    "footnotes": "".join(f"[^{i}] " for i in range(13_000))
    + "\n\n"
    + "".join(f"[^{i}]: a\n" for i in range(LINES)),
    "footnotes in footnotes": "[^0]\n\n"
    + "".join(f"[^{i}]: [^{i + 1}]\n\n" for i in range(LINES // 2)),
    "open footnotes": fill("[^a"),
    "definitions": "".join(f"[{i}]: a\n" for i in range(LINES)),
    "open definitions": fill("[\n"),
    "fences": fill("```\n"),
    "fences in fences": "".join("`" * size + "\n" for size in range(3, 720)),
    "rulers": fill("- ") + "x",
    "heading marks": "# " + fill("# #" + " " * 500 + "x\n"),
    "ampersands": fill("&"),
    "one line": fill("a"),
    "blank lines": fill("\n"),
    "spaces": "a" + fill(" ") + "b",
    "nothing storable": fill("\0\ud800"),
    "c code": code("c", " \n" * 40 + "a"),
    "shell heredocs": code("bash", "<<" + "a" * 300 + "\n"),
    "raw strings": code("cpp", 'R"('),
    "java words": code("java", "a b " * 7 + ";\n"),
    "csharp words": code("csharp", "a\n  "),
    "escaped quotes": code("go", '\\"' * 190 + "\n"),
    "slow blocks": ("```java\n" + ("a" * 390 + "\n") * 20 + "```\n") * 32,
    "long line of code": code("bash", "<<" + "a" * MAX_HIGHLIGHTED),
    "unhighlighted code": "```js\n" + fill("a = {`${") + "\n```",
    "many fences": "```php\na=1\n```\n" * (LINES // 3),
}


def cpu_seconds(body: str, content_type: str) -> float:
    start = time.process_time()
    render(body, content_type=content_type, key="1")
    return time.process_time() - start


@pytest.mark.parametrize("shape", SHAPES)
def test_markdown(shape: str) -> None:
    assert cpu_seconds(SHAPES[shape][:SIZE], "text/markdown") < CPU_SECONDS


@pytest.mark.parametrize("shape", ["ampersands", "urls", "blank lines", "nothing storable"])
def test_plain_text(shape: str) -> None:
    assert cpu_seconds(SHAPES[shape][:SIZE], "text/plain") < CPU_SECONDS


def test_too_many_lines_are_shown_as_text() -> None:
    markup = render("*a*\n" * (MAX_LINES + 1), content_type="text/markdown", key="1")
    assert markup.startswith('<pre class="plain">')


def test_too_many_marks_are_shown_as_text() -> None:
    markup = render("*a* [b]\n" * MAX_MARKS + "\n*c*", content_type="text/markdown", key="1")
    assert markup.startswith("<p>*a* [b]<br>\n*a* [b]<br>\n")
    assert markup.endswith("<p><em>c</em></p>\n")


def test_code_beyond_the_bound_is_not_highlighted() -> None:
    markup = render("```py\n" + "a = 1\n" * 9000, content_type="text/markdown", key="1")
    assert markup.startswith('<pre class="plain">')
    block = "```py\n" + "a = 1\n" * (MAX_HIGHLIGHTED // 6) + "```\n"
    markup = render(block + block, content_type="text/markdown", key="1")
    assert markup.count("<span") > 0
    assert "<span" not in markup.partition("</pre>")[2]
