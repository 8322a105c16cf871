"""Blocks of Markdown where mail needs other rules than the library's. Pure."""

import re
from collections.abc import Iterator, MutableMapping, Sequence
from itertools import islice, pairwise
from typing import Any

import mistune
from mistune.block_parser import BlockParser
from mistune.core import BlockState
from mistune.plugins import footnotes as mistune_footnotes
from mistune.util import unikey

from mail.content import links

MAX_COLUMNS = 25_000
MAX_FILLED = 10_000  # cells of one body that are added to short rows
MAX_COUNTED = 100  # numbered lines that are looked at before a list begins

_DELIMITERS = r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*"
# The second line tells: it has a pipe, or the first one has, and dashes.
TABLE = rf"^ {{0,3}}(?! )(?=[^\n]*\|)[^\n]+\n {{0,3}}(?=[-|:]){_DELIMITERS}(?:\n|$)"
_CELL = re.compile(r"(?:\\.|[^|\\]|\\$)*")
_NUMBERED = re.compile(r" {0,3}(\d{1,9})[.)](?:[ \t]|$)")
_QUOTE_MARKS = re.compile(r"^(?: {0,3}>[ \t]?)+", re.MULTILINE)


class Blocks(BlockParser):
    """A block parser that shows everything that was written."""

    def parse_ref_link(self, m: re.Match[str], state: BlockState) -> int | None:
        """Read a definition, unless nothing uses it: then it is text, as `[09:15]: standup` is.

        Nor is one that says no address that can be followed, or says the same twice, as the lines
        of a log do.
        """
        key, known = unikey(m["reflink_1"]), state.env["ref_links"]
        if key in known:
            state.env["twice"].add(key)
        if key in known or key in state.env["no_definitions"]:
            return state.append_paragraph()
        end = super().parse_ref_link(m, state)
        if end and key in known and not links.is_followed(known[key]["url"]):
            del known[key]
            return state.append_paragraph()
        return end

    def parse_list(self, m: re.Match[str], state: BlockState) -> int:
        """Read a list; numbers that do not count up, as of dates, stay as they were typed."""
        if m["list_2"][0].isdigit() and not (_counts_up(state.src[m.start() :]) and _begins(state)):
            return state.append_paragraph() or 0
        return super().parse_list(m, state)

    def extract_block_quote(
        self, m: re.Match[str], state: BlockState
    ) -> tuple[str, int | None, set[int]]:
        """Read a quote; what is quoted deeper than is shown goes into the deepest one."""
        text, end, lazy = super().extract_block_quote(m, state)
        if state.depth() < self.max_nested_level - 1:
            return text, end, lazy
        return _QUOTE_MARKS.sub("", text), end, set()


def _counts_up(text: str) -> bool:
    """Whether a list begins here: 1. 2. 3. from any number on, or the same number in each line."""
    numbers = list(islice(_numbers(text), MAX_COUNTED))
    if len(numbers) == 1:
        return numbers[0] <= 1
    steps = {after - before for before, after in pairwise(numbers)}
    return steps in ({1}, {0})


def _begins(state: BlockState) -> bool:
    """Whether no numbered line that is text stands right before."""
    last = state.last_token()
    lines = last["text"].rstrip("\n").rpartition("\n") if last and "text" in last else ("",)
    return _NUMBERED.match(lines[-1]) is None


def _numbers(text: str) -> Iterator[int]:
    """The numbers of one list, as far as it may reach."""
    blank = False
    for nr, found in enumerate(re.finditer(r"[^\n]*\n?", text)):
        line = found[0]
        if not line or nr > 2 * MAX_COUNTED:
            return
        if numbered := _NUMBERED.match(line):
            yield int(numbered[1])
        elif blank and not line[0].isspace():
            return
        blank = not line.strip()


# --- Notes ----------------------------------------------------------------------------------------


def parse_note(block: BlockParser, m: re.Match[str], state: BlockState) -> int | None:
    """Read a footnote, unless nothing mentions any: then it is text.

    Where some are mentioned, one that is not is left out, as on GitHub.
    """
    if unikey(m["footnote_key"]) in state.env["no_notes"]:
        return state.append_paragraph()
    return mistune_footnotes.parse_ref_footnote(block, m, state)


def not_defining(env: MutableMapping[str, Any], used: set[str]) -> tuple[set[str], set[str]]:
    """What looks like definitions of links and footnotes in a parsed body, and is text."""
    notes = set() if env.get("footnotes") else set(env.get("ref_footnotes") or ())
    return set(env["ref_links"]) - used | env["twice"], notes


# --- Tables, as GitHub's Markdown has them --------------------------------------------------------


def parse_table(block: BlockParser, m: re.Match[str], state: BlockState) -> int | None:
    """Read a table: short rows are filled, long ones cut, and another block ends it."""
    head, delimiters = m[0].rstrip("\n").split("\n")
    titles, aligns = _cells(head), [_align(cell) for cell in _cells(delimiters)]
    if len(titles) != len(aligns) or len(titles) > MAX_COLUMNS:
        return None
    breaks = block.compile_sc(
        ["blank_line", "fenced_code", "atx_heading", "thematic_break", "block_quote", "list"]
    )
    at, rows = m.end(), []
    while at < state.cursor_max and not breaks.match(state.src, at):
        line = state.src[at : state.src.find("\n", at) + 1 or None]
        rows.append({"type": "table_row", "children": _row(_cells(line), aligns, state)})
        at += len(line)
    top = [_cell(text, align, head=True) for text, align in zip(titles, aligns, strict=True)]
    children = [{"type": "table_head", "children": top}, {"type": "table_body", "children": rows}]
    state.append_token({"type": "table", "children": children})
    return at


def _cells(line: str) -> list[str]:
    """The texts between unescaped pipes; the one before the first and behind the last may lack."""
    line = line.strip()
    cells, at = [], 1 if line.startswith("|") else 0
    while at <= len(line):
        found = _CELL.match(line, at)
        end = found.end() if found else at
        cells.append(line[at:end].strip().replace("\\|", "|"))
        at = end + 1
    if len(cells) > 1 and not cells[-1] and line.endswith("|"):
        cells.pop()
    return cells


def _align(delimiter: str) -> str | None:
    left, right = delimiter.startswith(":"), delimiter.endswith(":")
    return "center" if left and right else "left" if left else "right" if right else None


def _row(cells: list[str], aligns: Sequence[str | None], state: BlockState) -> list[dict[str, Any]]:
    room = MAX_FILLED - state.env["filled"]
    added = max(min(len(aligns) - len(cells), room), 0)
    state.env["filled"] += added
    texts = cells + [""] * added
    return [_cell(text, align, head=False) for text, align in zip(texts, aligns, strict=False)]


def _cell(text: str, align: str | None, *, head: bool) -> dict[str, Any]:
    return {"type": "table_cell", "text": text, "attrs": {"align": align, "head": head}}


def add_tables(md: mistune.Markdown) -> None:
    """Let tables stand anywhere: in the body, in quotes and in lists."""
    md.block.register("table", TABLE, parse_table, before="paragraph")
    for rules in (md.block.block_quote_rules, md.block.list_rules):
        md.block.insert_rule(rules, "table", before="paragraph")
