"""Results as tables that read well in a terminal and in Markdown alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import Contender, Spread, speed

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
MARK = "<!-- results: everything below is written by `python -m benchmarks --write` -->"
HEAD = ("case", "Opost", "peer", "the peer's", "Opost's speed, peer = 1", "target", "reached")


@dataclass
class Table:
    """What one benchmark found."""

    title: str
    note: str
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def compare(
        self, case: str, ours: Contender, theirs: Contender, at_least: float | None = None
    ) -> None:
        """Add a row; speeds are medians over the rounds, and so is what the target asks of."""
        found = speed(ours, theirs)
        goal = "" if at_least is None else f"≥ {_times(at_least)}"
        reached = "" if at_least is None else "yes" if found.median >= at_least else "**no**"
        values = (_values(ours), theirs.name, _values(theirs), _ratio(found), goal, reached)
        self.rows.append((case, *values))

    def __str__(self) -> str:
        return f"### {self.title}\n\n{self.note}\n\n{aligned([HEAD, *self.rows])}\n"


def aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table whose columns stand below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _values(contender: Contender) -> str:
    low, median, high = contender.spread
    if contender.is_rate:
        return f"{median:,.0f}/s ({low:,.0f} to {high:,.0f})"
    factor, unit = next(
        (factor, unit)
        for limit, factor, unit in ((1e-3, 1e6, "µs"), (1, 1e3, "ms"), (float("inf"), 1, "s"))
        if median < limit
    )
    shown = [_digits(value * factor) for value in (median, low, high)]
    return f"{shown[0]} {unit} ({shown[1]} to {shown[2]})"


def _ratio(found: Spread) -> str:
    return f"{_times(found.median)} ({_digits(found.low)} to {_digits(found.high)})"


def _times(value: float) -> str:
    return f"{_digits(value)}×"  # noqa: RUF001 - the sign is meant


def _digits(value: float) -> str:
    """Three digits that count, and no more."""
    places = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{places}f}"


def write(results: str) -> None:
    """Put results into the document, in place of the last ones."""
    kept, _, _ = DOCUMENT.read_text(encoding="utf-8").partition(MARK)
    DOCUMENT.write_text(f"{kept}{MARK}\n\n{results}", encoding="utf-8")
