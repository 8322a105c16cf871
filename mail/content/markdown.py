"""Turn the body of a mail into safe HTML and a line of plain text.

Pure functions: no models, no settings. Two independent layers keep the output
safe: the renderer escapes every piece of user text and builds only the tags
named here, and the cleaner then drops whatever is not on its allow-list.
"""

import html
import re
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

import mistune
import nh3
import regex
from mistune.core import BlockState, InlineState
from mistune.plugins import footnotes as mistune_footnotes
from mistune.util import escape_url
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

from mail.content import graphemes, links
from mail.content.markdown_blocks import Blocks, add_tables, not_defining, parse_note

#: Raise it whenever the HTML for the same body changes, so that stored HTML is made anew.
RENDERER_VERSION = 2

MARKDOWN = "text/markdown"
PLAIN = "text/plain"

SNIPPET_LENGTH = 160

# Bounds on what gets parsed. The parser is quadratic in some of these numbers;
# together they keep the worst body a service accepts (256 KiB) near one second.
MAX_LINES = 5_000  # more lines: the body is shown as plain text
MAX_TABLES = 40  # more tables: likewise
MAX_PIPES = 50_000  # more table cells: likewise
MAX_NESTING = 8  # deeper quotes are shown in the eighth, deeper lists as text
MAX_MARKS = 500  # more marks in one paragraph or cell: shown as text
MAX_HIGHLIGHTED = 8 * 1024  # characters of highlighted code in one body
MAX_CODE_LINE = 400  # code with a longer line is not highlighted
MAX_CODE_GAP = 100  # nor is code with a longer run of blanks,
MAX_CODE_WORDS = 30  # or, in WORDY_LANGUAGES, of words without punctuation

_LANGUAGES = (
    "bash c cpp csharp css diff docker go html ini java javascript json kotlin lua make nginx"
    " perl php powershell python ruby rust scss sql swift toml typescript xml yaml"
)
LANGUAGES = frozenset(_LANGUAGES.split())
# Their lexers look for a method's head from every word on.
WORDY_LANGUAGES = frozenset({"csharp", "java"})
LANGUAGE_ALIASES = {
    "c++": "cpp",
    "c#": "csharp",
    "cs": "csharp",
    "dockerfile": "docker",
    "golang": "go",
    "js": "javascript",
    "kt": "kotlin",
    "makefile": "make",
    "patch": "diff",
    "pl": "perl",
    "ps1": "powershell",
    "py": "python",
    "rb": "ruby",
    "rs": "rust",
    "sh": "bash",
    "shell": "bash",
    "ts": "typescript",
    "yml": "yaml",
    "zsh": "bash",
}

# Also U+FDD0 and its like, which are no characters: the parser uses one for itself.
_UNSTORABLE = re.compile("[\0\ud800-\udfff\ufdd0-\ufdef]")
_MARK = re.compile(r"[\]\[*~]|(?<![^\W_])_|_(?![^\W_])")  # within words, _ marks nothing
_SLOW_CODE = re.compile(rf"[^\n]{{{MAX_CODE_LINE + 1}}}|\s{{{MAX_CODE_GAP + 1}}}")
_SLOW_WORDS = re.compile(rf"(?:[\w.<>\[\]$]++\s++){{{MAX_CODE_WORDS + 1}}}")
_KEY = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*")
_NOTE = r"fn(?:ref)?-[0-9A-Za-z-]+-[0-9]+"
_NOTE_ID = re.compile(_NOTE)
_NOTE_LINK = re.compile("#" + _NOTE)
_ANCHOR = re.compile(r"</?a(?: [^>]*)?>")
# Attribute values hold no quotes but may hold ">".
_TAG = r"<(/?)([a-z0-9]+)(?:[^>\"]|\"[^\"]*\")*>"
_TAGS = re.compile(_TAG)
_PIECES = re.compile(_TAG + r"|([^<]+)")
_INLINE_TAGS = frozenset({"a", "code", "del", "em", "span", "strong", "sup"})

_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)


class Rendered(NamedTuple):
    """What one pass over a body gives."""

    html: str
    snippet: str


def rendered(body: str, *, content_type: str, key: str) -> Rendered:
    """Return the safe HTML of a body and its snippet; `key` makes footnote ids unique.

    Raises ValueError for an unknown content type or a key that is not letters,
    digits and single hyphens.
    """
    markup = render(body, content_type=content_type, key=key)
    return Rendered(markup, _snippet(markup))


def render(body: str, *, content_type: str, key: str) -> str:
    """Return the safe HTML of a body; raises ValueError as `rendered` does."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"Not a usable key for footnotes: {key!r}")
    if content_type not in {MARKDOWN, PLAIN}:
        raise ValueError(f"Unknown content type: {content_type!r}")
    text = _UNSTORABLE.sub("\ufffd", body).replace("\r\n", "\n").replace("\r", "\n")
    if content_type == PLAIN or _too_much(text):
        return _CLEANER.clean(_plain(text))
    return _CLEANER.clean(_markdown(text, key))


def literal(text: str) -> str:
    """Return a line of plain text as Markdown that shows it to the letter, links included."""
    return _SCHEME.sub(r"\\:", _MEANT.sub(r"\\\g<0>", text))


_MEANT = re.compile(r"[\\`*_\[\]<>~|&]")
_SCHEME = re.compile(r"(?<=[A-Za-z0-9]):(?=\S)")


def _too_much(text: str) -> bool:
    """Say whether parsing the text as Markdown could take more than a moment."""
    lines = text.split("\n")
    if len(lines) > MAX_LINES or text.count("|") > MAX_PIPES:
        return True
    return sum(map(_starts_table, lines)) > MAX_TABLES


def _starts_table(line: str) -> bool:
    """Say whether the line may be the one below a table's head, in a quote or list or not."""
    rest = line.rstrip(" \t-:|")
    return "|" in line[len(rest) :] and not rest.strip(" \t>+*0123456789.)-")


def _plain(text: str) -> str:
    parts = []
    end = 0
    for start, behind in links.addresses(text):
        url = html.escape(text[start:behind])
        parts += [html.escape(text[end:start]), f'<a href="{url}">{url}</a>']
        end = behind
    parts.append(html.escape(text[end:]))
    return '<pre class="plain">' + "".join(parts) + "</pre>"


def _markdown(text: str, key: str) -> str:
    state = _parsed_state(key)
    markup = str(_PARSER.parse(text, state)[0])
    no_definitions, no_notes = not_defining(state.env, state.env["ref_links"].used)
    if no_definitions or no_notes:
        state = _parsed_state(key, no_definitions=no_definitions, no_notes=no_notes)
        markup = str(_PARSER.parse(text, state)[0])
    return markup


class _Definitions(dict[str, Any]):
    """Definitions of links, which know by what they were used."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """Look one up, as the parser does where a link may be meant."""
        self.used.add(key)
        return super().get(key, default)


def _parsed_state(key: str, **given: set[str]) -> BlockState:
    state = BlockState()
    state.env.update(key=key, seen_notes=set(), code_size=0, filled=0, ref_links=_Definitions())
    state.env.update({"no_definitions": set(), "no_notes": set(), "twice": set()} | given)
    return state


def _snippet(markup: str) -> str:
    """Return the first words of rendered HTML as plain text."""
    words = " ".join(_leading_text(markup).split())
    if len(words) <= SNIPPET_LENGTH:
        return words
    cut = graphemes.cut(words, SNIPPET_LENGTH - 1)
    # Without a space in reach (a long URL, Chinese text) cut where the room ends.
    whole = cut.rpartition(" ")[0] if words[len(cut)] != " " else cut
    return (whole or cut) + "…"


def _leading_text(markup: str) -> str:
    """Return the text of the markup, without footnotes, as far as a snippet needs it."""
    parts: list[str] = []
    size = 0
    in_note_mark = False
    for match in _PIECES.finditer(markup):
        closing, tag, text = match.groups()
        if tag == "section" or size > SNIPPET_LENGTH:
            break
        if tag == "sup":
            in_note_mark = not closing
        elif tag and tag not in _INLINE_TAGS:
            parts.append(" ")
        elif text and not in_note_mark:
            parts.append(html.unescape(text))
            size += len(" ".join(text.split()))
    return "".join(parts)


class _Renderer(mistune.HTMLRenderer):
    """Mistune's HTML, changed where mail on our pages needs something else."""

    def render_token(self, token: dict[str, Any], state: BlockState) -> str:
        """Render a token; code and footnotes also need what the state knows."""
        if token["type"] == "block_code":
            return self._code(token, state)
        if token["type"] == "footnote_ref":
            return self._note_mark(token["attrs"]["index"], state)
        if token["type"] == "footnote_item":
            text = self.render_tokens(token["children"], state)
            return self._note(text, token["attrs"]["index"], state)
        return super().render_token(token, state)

    def _code(self, token: dict[str, Any], state: BlockState) -> str:
        code = token["raw"]
        language = _language(token.get("attrs", {}).get("info", ""))
        if language:
            state.env["code_size"] += len(code)
        if language and state.env["code_size"] <= MAX_HIGHLIGHTED and not _is_slow(code, language):
            inner = highlight(code, _lexer(language), _FORMATTER)
        else:
            inner = html.escape(code)
        return f'<pre class="highlight" tabindex="0"><code>{inner}</code></pre>\n'

    def _note_mark(self, index: int, state: BlockState) -> str:
        name = f"{state.env['key']}-{index}"
        # A note may be mentioned often; only the first mention can own the id.
        own_id = "" if index in state.env["seen_notes"] else f' id="fnref-{name}"'
        state.env["seen_notes"].add(index)
        return f'<sup class="footnote-ref"><a{own_id} href="#fn-{name}">{index}</a></sup>'

    def _note(self, text: str, index: int, state: BlockState) -> str:
        name = f"{state.env['key']}-{index}"
        back = f' <a class="footnote-back" href="#fnref-{name}" aria-label="Back to the text">↩</a>'
        text = text.rstrip()
        body = text.removesuffix("</p>")
        return f'<li id="fn-{name}">{body}{back}{text[len(body) :]}</li>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Render a link to elsewhere; of anything relative, the address is text."""
        # An image inside became a link of its own, and links do not nest.
        text = _ANCHOR.sub("", text)
        return self._anchor(text, {"href": url, "title": title})

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Render an image as a link: loading it would tell others who reads the mail."""
        text = _TAGS.sub("", text).strip() or self.text(url)
        return self._anchor(text, {"class": "remote-image", "href": url, "title": title})

    def _anchor(self, text: str, attrs: dict[str, object]) -> str:
        url = str(attrs["href"])
        if not links.is_followed(url):
            # What cannot be followed from here can be read.
            shown = self.text(unquote(url))
            return text if shown in ("", text) else f"{text} ({shown})"
        return f"<a{self.render_attrs(attrs)}>{text}</a>"

    def heading(self, text: str, level: int, **_: object) -> str:
        """Render a heading two levels down: h1 and h2 belong to the page."""
        tag = f"h{min(level + 2, 6)}"
        return f"<{tag}>{text}</{tag}>\n"

    def block_html(self, html: str) -> str:
        """Render a block of HTML as the text it is, with its line breaks."""
        return "<p>" + self.escape_raw(html.strip()).replace("\n", "<br />\n") + "</p>\n"

    def task_list_item(self, text: str, checked: bool = False) -> str:
        """Render an item of a task list; the box shows a state and cannot be used."""
        state = 'checked aria-label="done"' if checked else 'aria-label="to do"'
        box = f'<input type="checkbox" disabled {state}> '
        paragraph = "<p>" if text.startswith("<p>") else ""
        return f'<li class="task">{paragraph}{box}{text.removeprefix(paragraph)}</li>\n'

    def table(self, text: str) -> str:
        """Render a table in a box that scrolls, also by keyboard."""
        box = '<div class="table-scroll" tabindex="0" role="group" aria-label="Table">'
        return f"{box}<table>\n{text}</table></div>\n"

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        """Render a cell; its alignment is a class, because style is not allowed."""
        tag = "th" if head else "td"
        attrs = f' class="align-{align}"' if align else ""
        return f"<{tag}{attrs}>{text}</{tag}>\n"


class _InlineParser(mistune.InlineParser):
    """An inline parser that leaves text alone when it holds too many marks.

    Matching marks takes quadratic time in their number within one text.
    """

    def parse(self, state: InlineState) -> list[dict[str, Any]]:
        """Parse one text into tokens."""
        if len(_MARK.findall(state.src)) <= MAX_MARKS:
            return super().parse(state)
        for number, line in enumerate(state.src.split("\n")):
            if number:
                state.append_token({"type": "linebreak"})
            self.process_text(line, state)
        return state.tokens

    def finalize_tokens(self, tokens: list[dict[str, Any]], depth: int) -> list[dict[str, Any]]:
        """Match emphasis also where Chinese, Japanese and Korean put no space beside punctuation.

        As the widely used amendment of CommonMark does: there a sign that closes or opens may have
        punctuation on its one side and a letter on the other. The letter is made look like
        punctuation, by a sign of ours that is taken out again.
        """
        texts = [token.get("raw", "") if token["type"] == "text" else "" for token in tokens]
        for at, text in enumerate(texts):
            if not text or text.strip("*"):
                continue
            before = texts[at - 1][-1:] if at else ""
            after = texts[at + 1][:1] if at + 1 < len(texts) else ""
            if _CJK.match(after) and _is_sign(before):
                tokens[at + 1]["raw"] = _BESIDE + tokens[at + 1]["raw"]
            elif _CJK.match(before) and _is_sign(after):
                tokens[at - 1]["raw"] += _BESIDE
        return _without_signs(super().finalize_tokens(tokens, depth))


_BESIDE = "\ufdd0"
_CJK = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Bopomofo}ー々]")


def _is_sign(letter: str) -> bool:
    return bool(letter) and not letter.isalnum() and not letter.isspace()


def _without_signs(tokens: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for token in tokens:
        if "raw" in token:
            token["raw"] = token["raw"].replace(_BESIDE, "")
        _without_signs(token.get("children", []))
    return tokens


def _parse_address(inline: mistune.InlineParser, m: re.Match[str], state: InlineState) -> int:
    """Make a bare address a link, unless it stands in one."""
    stop = None
    if state.brackets and (closing := state.src.find("]", m.end())) >= 0:
        stop = closing
    end = links.end_of(state.src, m.start(), stop)
    if end is None:
        inline.process_text(m[0], state)
        return m.end()
    text = state.src[m.start() : end]
    if state.in_link or state.depth >= inline.max_nested_level:
        inline.process_text(text, state)
        return end
    children = [{"type": "text", "raw": text}]
    attrs = {"url": escape_url(text)}
    state.append_token({"type": "link", "children": children, "attrs": attrs, "_autolink": text})
    return end


def _add_footnotes(
    md: mistune.Markdown, result: str | list[dict[str, Any]], state: BlockState
) -> str:
    """Append the footnotes, also those that only other footnotes mention."""
    items = []
    # Rendering a note can add further notes to the list while we walk it.
    for number, name in enumerate(state.env.get("footnotes", []), start=1):
        item_state = BlockState(parent=state)
        item_state.tokens = [mistune_footnotes.parse_footnote_item(md.block, name, number, state)]
        items.append(str(md.render_state(item_state)))
    notes = "".join(items)
    section = f'<section class="footnotes"><ol>\n{notes}</ol></section>\n' if items else ""
    return f"{result}{section}"


def _make_parser() -> mistune.Markdown:
    md = mistune.Markdown(
        renderer=_Renderer(escape=True),
        block=Blocks(max_nested_level=MAX_NESTING),
        inline=_InlineParser(hard_wrap=True, max_nested_level=MAX_NESTING),
        plugins=[
            mistune.plugins.import_plugin(name)
            for name in ("strikethrough", "table", "task_lists", "footnotes")
        ],
    )
    md.block.rules.remove("nptable")
    add_tables(md)
    md.block.register("ref_footnote", None, parse_note)
    md.inline.register("address", links.START, _parse_address, start_chars=("h", "H"))
    md.after_render_hooks = [_add_footnotes]
    return md


def _language(info: str) -> str | None:
    words = info.lower().split(None, 1)
    name = LANGUAGE_ALIASES.get(words[0], words[0]) if words else None
    return name if name in LANGUAGES else None


def _is_slow(code: str, language: str) -> bool:
    """Say whether highlighting could take quadratic time, as no real code does."""
    wordy = language in WORDY_LANGUAGES and _SLOW_WORDS.search(code)
    return bool(wordy or _SLOW_CODE.search(code))


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language)


def _relative_url(url: str) -> str | None:
    return url if _NOTE_LINK.fullmatch(url) else None


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """Keep an attribute, unless it is an id or a URL that we did not make."""
    if name == "id":
        return value if _NOTE_ID.fullmatch(value) else None
    if name == "href":
        return value if links.is_followed(value) or _NOTE_LINK.fullmatch(value) else None
    return value


def _make_cleaner() -> nh3.Cleaner:
    tags = (
        "a blockquote br code del div em h3 h4 h5 h6 hr input li ol p pre section span strong"
        " sup table tbody td th thead tr ul"
    )
    align = {"align-left", "align-center", "align-right"}
    return nh3.Cleaner(
        tags=set(tags.split()),
        attributes={"a": {"href", "title", "id"}, "li": {"id"}, "ol": {"start"}},
        attribute_filter=_attribute,
        tag_attribute_values={
            "a": {"aria-label": {"Back to the text"}},
            "div": {"tabindex": {"0"}, "role": {"group"}, "aria-label": {"Table"}},
            "input": {"checked": {""}, "aria-label": {"done", "to do"}},
            "pre": {"tabindex": {"0"}},
        },
        set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
        allowed_classes={
            "a": {"remote-image", "footnote-back"},
            "div": {"table-scroll"},
            "li": {"task"},
            "pre": {"plain", "highlight"},
            "section": {"footnotes"},
            "span": {name for name in STANDARD_TYPES.values() if name},
            "sup": {"footnote-ref"},
            "td": align,
            "th": align,
        },
        link_rel="noopener noreferrer nofollow",
        url_schemes={"http", "https", "mailto", "tel", "sms"},
        url_relative=_relative_url,
    )


_CLEANER = _make_cleaner()
_PARSER = _make_parser()
