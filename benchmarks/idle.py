"""The sync of a box with nothing pending, against SELECT 1."""

from functools import partial

from benchmarks import world
from benchmarks.measure import Contender, interleaved, timed
from benchmarks.peers import bare
from benchmarks.report import Table
from benchmarks.world import World
from mail import services
from mail.models import Box

SUBSCRIPTIONS = (1, 10, 100)
CALLS = 200  # in one sample


def run(here: World, *, quick: bool) -> Table:
    sources = [world.group(f"idle {n}", here.sender) for n in range(max(SUBSCRIPTIONS))]
    for source in sources:
        world.fill(source, 2)
    boxes = {number: _served(number, sources[:number]) for number in SUBSCRIPTIONS}
    world.tidy()
    ours = {
        number: Contender(
            "Opost", timed(partial(services.mailbox.sync, box=box), repeat=3, calls=CALLS)
        )
        for number, box in boxes.items()
    }
    one = Contender("SELECT 1", timed(bare.select_one, repeat=3, calls=CALLS))
    interleaved([*ours.values(), one], 5 if quick else 15)
    table = Table("Nothing pending", "A sync that finds nothing to do.")
    for number, contender in ours.items():
        table.compare(f"{number} subscriptions", contender, one, 0.5)
    return table


def _served(number: int, sources: list[Box]) -> Box:
    box = world.reader(f"idle{number}", sources)
    services.mailbox.sync(box=box)
    return box
