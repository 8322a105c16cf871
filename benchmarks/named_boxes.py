"""A post to one, some and very many people by name, against the original's loop."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from benchmarks import world
from benchmarks.measure import Contender, interleaved, timed
from benchmarks.peers import original
from benchmarks.report import Table
from benchmarks.world import World
from mail import selectors
from mail.delivery import outbox
from mail.models import Post, Submission

MOST = 10_000
MOST_WHEN_QUICK = 1_000
REPEATS = {1: 20, 100: 5}  # in a round; with more boxes once


def run(here: World, *, quick: bool) -> Table:
    sizes = (1, 100, MOST_WHEN_QUICK if quick else MOST)
    ours = {size: Contender("Opost", _ours(here, size)) for size in sizes}
    loops = {size: _loop(here, size) for size in sizes}
    interleaved([*ours.values(), *loops.values()], 2 if quick else 5)
    table = Table(
        "Named boxes",
        "What is left to do once a post is accepted: every box, the sender's copy, and the note "
        "that it is done.",
    )
    for size in sizes:
        goal = 20 if size == max(sizes) else None
        table.compare(f"{size:,} boxes", ours[size], loops[size], goal)
    return table


def _ours(here: World, size: int) -> Callable[[], list[float]]:
    waiting: list[Submission] = []

    def prepare() -> None:
        waiting[:] = [_accepted(here, here.personal[:size])]

    def finish() -> None:
        outbox.finish(waiting[0])
        if waiting[0].state != Submission.State.DELIVERED:
            raise AssertionError(waiting[0].state)

    return timed(finish, prepare=prepare, repeat=REPEATS.get(size, 1))


def _accepted(here: World, box_ids: list[int]) -> Submission:
    now = timezone.now()
    submission = Submission(
        post=Post.objects.get(pk=world.posts(1)[0]),
        sender=here.sender,
        sent_box=selectors.boxes.own_box(here.sender, "sent").pk,
        send_at=now + timedelta(days=1),
    )
    outbox.accept(submission, box_ids)
    return submission


def _loop(here: World, size: int) -> Contender:
    waiting = world.posts(0)

    def prepare() -> None:
        warming, *waiting[:] = world.posts(2)
        original.deliver(warming, here.personal[:1])

    def deliver() -> None:
        original.deliver(waiting[0], here.personal[:size])

    measure = timed(deliver, prepare=prepare, repeat=REPEATS.get(size, 1))
    return Contender("original", measure, warms_itself=True)
