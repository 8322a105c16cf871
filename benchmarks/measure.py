"""Interleaved rounds: what the machine does meanwhile falls on all contenders alike."""

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

_order = random.Random(1)


class Spread(NamedTuple):
    """A median between its quartiles."""

    low: float
    median: float
    high: float


@dataclass
class Contender:
    """What is measured: `measure` gives the samples of one round, kept apart by round."""

    name: str
    measure: Callable[[], list[float]]
    is_rate: bool = False  # more is better
    warms_itself: bool = False  # before each sample, by less than a whole round
    rounds: list[list[float]] = field(default_factory=list)

    @property
    def spread(self) -> Spread:
        return spread([sample for samples in self.rounds for sample in samples])


def spread(values: Sequence[float]) -> Spread:
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    return Spread(*statistics.quantiles(values, n=4, method="inclusive"))


def speed(ours: Contender, theirs: Contender) -> Spread:
    """How many times as quick as the other, from the medians of each round."""
    mine = [statistics.median(samples) for samples in ours.rounds]
    other = [statistics.median(samples) for samples in theirs.rounds]
    if not ours.is_rate:
        mine, other = other, mine
    return spread([above / below for above, below in zip(mine, other, strict=True)])


def interleaved(contenders: Sequence[Contender], rounds: int) -> None:
    """Let each contender run once a round, in an order that changes; a first round warms up."""
    for contender in contenders:
        if not contender.warms_itself:
            contender.measure()
    for _ in range(rounds):
        for contender in _order.sample(contenders, len(contenders)):
            contender.rounds.append(contender.measure())


def timed(
    run: Callable[[], object],
    *,
    prepare: Callable[[], object] = lambda: None,
    repeat: int = 1,
    calls: int = 1,
) -> Callable[[], list[float]]:
    """Measure seconds a call, `repeat` times a round, with `prepare` outside of the clock."""

    def measure() -> list[float]:
        with _no_collection():
            return [_sample(run, prepare, calls) for _ in range(repeat)]

    return measure


def _sample(run: Callable[[], object], prepare: Callable[[], object], calls: int) -> float:
    prepare()
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls


@contextmanager
def _no_collection() -> Iterator[None]:
    """Garbage that others made is collected before a round, and none while the clock runs."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
