"""One box that many write to at the same moment, against bare single-row commits."""

from collections.abc import Callable

from benchmarks import world
from benchmarks.database import execute
from benchmarks.measure import Contender, interleaved
from benchmarks.peers import bare
from benchmarks.report import Table
from benchmarks.senders import Order, Senders
from benchmarks.world import World

SENDERS = (8, 32)
STORED = 120_000  # posts: more than any sender can deliver in one window


def run(here: World, *, quick: bool) -> Table:
    bare.create()
    box = world.group("hot", here.sender)
    posts = world.posts(STORED)
    world.tidy()
    seconds = 0.8 if quick else 2.0
    table = Table(
        "Hot box",
        f"Deliveries a second into one group, in windows of {seconds:g} s; the senders are "
        "threads with a connection each, in two processes.",
    )
    with Senders(posts) as senders:
        for number in SENDERS:
            ours = Contender("Opost", _rate(senders, number, box.pk, seconds), is_rate=True)
            theirs = Contender("bare commits", _rate(senders, number, None, seconds), is_rate=True)
            interleaved([ours, theirs], 3 if quick else 9)
            table.compare(f"{number} senders", ours, theirs, 0.5)
    return table


def _rate(
    senders: Senders, number: int, box_id: int | None, seconds: float
) -> Callable[[], list[float]]:
    def measure() -> list[float]:
        _empty(box_id)
        return [senders.rate(Order(box_id, number, seconds))]

    return measure


def _empty(box_id: int | None) -> None:
    if box_id is None:
        bare.empty()
        return
    execute("DELETE FROM mail_deliveredpost WHERE box_id = %s", box_id)
    world.tidy("mail_deliveredpost", "mail_boxcounter")
