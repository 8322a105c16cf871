"""Broadcasts to few and to very many, against a row and against a copy for each member."""

from collections.abc import Callable
from functools import partial
from itertools import count

from benchmarks import world
from benchmarks.database import settle
from benchmarks.measure import Contender, interleaved, timed
from benchmarks.peers import copy, fanout
from benchmarks.report import Table
from benchmarks.world import World
from mail import services
from mail.delivery import insert

COPIES_UP_TO = 10_000
REPEATS = {10: 20, 10_000: 3}  # of a peer, in a round; with more members once
FLAT = 0.8  # of the speed with the fewest members

_messages = count(1)


def run(here: World, *, quick: bool) -> Table:
    rounds = 2 if quick else 7
    sizes = sorted(here.audiences)
    fanout.create(sizes)
    copy.create()
    ours = {size: Contender("delivery", _delivery(here, size)) for size in sizes}
    sends = {size: Contender("send", _send(here, size)) for size in sizes}
    fans = {size: _peer("fan-out", _fan_out(size)) for size in sizes}
    copies = {size: _peer("copy", _copy(here, size)) for size in sizes if size <= COPIES_UP_TO}
    interleaved([c for kind in (ours, sends, fans, copies) for c in kind.values()], rounds)
    return _table(ours, sends, fans, copies)


def _table(*measured: dict[int, Contender]) -> Table:
    ours, sends, fans, copies = measured
    table = Table(
        "Broadcast",
        "The delivery of a stored post with its commit, against the peer's rows with theirs. "
        "“Whole send” is everything from names to the sender's copy, rendering included.",
    )
    for size, fan in fans.items():
        goal = 5000 if size == 1_000_000 else None
        table.compare(f"{size:,} members", ours[size], fan, goal)
        table.compare(f"{size:,} members, whole send", sends[size], fan)
        if size in copies:
            table.compare(f"{size:,} members, whole send", sends[size], copies[size])
    most, least = max(ours), min(ours)
    itself = Contender(f"itself at {least}", list, rounds=ours[least].rounds)
    table.compare(f"flat: {most:,} members", ours[most], itself, FLAT)
    return table


def _delivery(here: World, size: int) -> Callable[[], list[float]]:
    box_id = here.audiences[size].pk
    waiting: list[insert.Delivery] = []

    def prepare() -> None:
        waiting[:] = [world.delivered(post_id, [box_id]) for post_id in world.posts(1)]

    def deliver() -> None:
        if len(insert.insert(waiting)) != 1:
            raise AssertionError("The broadcast did not arrive.")

    return timed(deliver, prepare=prepare, repeat=20)


def _send(here: World, size: int) -> Callable[[], list[float]]:
    send = partial(
        services.sending.send,
        sender=here.sender,
        to=[here.audiences[size].name],
        subject=world.SUBJECT,
        body=world.BODY,
    )
    return timed(send, repeat=10)


def _fan_out(size: int) -> Callable[[], list[float]]:
    def prepare() -> None:
        fanout.empty()
        fanout.deliver(10, next(_messages))  # plans are made anew after emptying

    def deliver() -> None:
        if fanout.deliver(size, next(_messages)) != size:
            raise AssertionError("The fan-out did not reach everybody.")

    return _settled(timed(deliver, prepare=prepare, repeat=REPEATS.get(size, 1)), fanout.empty)


def _copy(here: World, size: int) -> Callable[[], list[float]]:
    recipients = range(1, size + 1)
    send = partial(copy.send, here.sender.pk, recipients)
    repeat = 5 if size <= 10 else 1
    return _settled(timed(send, prepare=_warm_copy, repeat=repeat), copy.empty)


def _warm_copy() -> None:
    copy.empty()
    copy.send(1, [1])


def _peer(name: str, measure: Callable[[], list[float]]) -> Contender:
    return Contender(name, measure, warms_itself=True)


def _settled(
    measure: Callable[[], list[float]], empty: Callable[[], None]
) -> Callable[[], list[float]]:
    """What a peer has written is out of the way before the next contender starts."""

    def measure_and_settle() -> list[float]:
        samples = measure()
        empty()
        settle()
        return samples

    return measure_and_settle
