"""Everybody at once on a few hot boxes, while connections die: nothing is lost, nothing twice.

What is checked is what people may rely on, whatever the interleaving:

- a post that was sent wholly while somebody was a member is in their box;
- one that was sent wholly while they were none is not;
- no post comes into a box twice, and no uid is left out or given twice;
- a call succeeds or raises a database error that says that the connection was lost. A send that
  raised was accepted or was not; if it was, it is delivered like any other. One that was accepted
  and could not be delivered at once is delivered later: members of that moment receive it.
"""

import itertools
import os
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from django.db import Error, connection, transaction

from mail import selectors, services
from mail.delivery import insert
from mail.models import (
    Box,
    BoxCounter,
    DeliveredPost,
    Flag,
    Post,
    Recall,
    Submission,
    Tombstone,
    User,
)
from mail.selectors.selection import some, up_to
from mail.services import audit

from .support import PATIENCE, another_connection, uids, until

pytestmark = pytest.mark.django_db(transaction=True)

SENDERS, POSTS_EACH = 4, 350
SYNCERS = 3
MEMBERS, GROUPS = 8, ("red", "green")
EVERYTHING = {"send", "sync", "membership", "tidy", "recall", "rollback", "kill"}
LOST = {"57P01", "57P02", "57P03", "08000", "08003", "08006", None}

now = itertools.count(1).__next__  # a clock that never stands still


@dataclass
class Sent:
    subject: str
    to: list[str]
    started: float
    ended: float = float("inf")  # while it is not known to be delivered: it may arrive later
    accepted: bool = False  # whether the sender knows it to be


@dataclass
class Membership:
    """When a person was certainly a member of a group, and when certainly not."""

    inside: list[tuple[float, float]] = field(default_factory=list)
    outside: list[tuple[float, float]] = field(default_factory=list)
    since: float = 0
    joined: bool = False

    def change(self, work: Callable[[], None]) -> None:
        (self.inside if self.joined else self.outside).append((self.since, now()))
        work()
        self.since, self.joined = now(), not self.joined

    def end(self) -> None:
        (self.inside if self.joined else self.outside).append((self.since, float("inf")))


def covers(spans: list[tuple[float, float]], sent: Sent) -> bool:
    return any(start < sent.started and sent.ended <= end for start, end in spans)


class Storm:
    def __init__(self, seed: int, people: list[User], staff: User) -> None:
        self.seed, self.people, self.staff = seed, people, staff
        self.boxes = {name: services.groups.create(name=name, by=staff) for name in GROUPS}
        self.own = {user.username: selectors.boxes.own_box(user) for user in people}
        self.archives = {user.username: selectors.boxes.own_box(user, "archive") for user in people}
        self.memberships: dict[tuple[str, str], Membership] = defaultdict(Membership)
        self.sent: list[Sent] = []
        self.recalled: set[str] = set()
        self.surprises: list[str] = []
        self.done: Counter[str] = Counter()
        self.over = threading.Event()

    # --- Those who take part ---

    def send(self, dice: random.Random, nr: int) -> None:
        names = [*GROUPS, *self.own, "everyone"]
        for n in range(POSTS_EACH):
            to = dice.sample(names, k=dice.choice((1, 1, 2, 3)))
            sender = self.staff if "everyone" in to else self.people[nr]
            sent = Sent(f"{nr}.{n}", to, now())
            with self.tolerant("send"):
                submission = services.sending.send(
                    sender=sender, to=to, subject=sent.subject, content_type="text/plain"
                )
                sent.accepted = True
                if submission.state == Submission.State.DELIVERED:
                    sent.ended = now()
            self.sent.append(sent)

    def sync(self, dice: random.Random) -> None:
        with self.tolerant("sync"):
            services.mailbox.sync(box=dice.choice(list(self.own.values())))

    def come_and_go(self, dice: random.Random, people: list[User]) -> None:
        user, group = dice.choice(people), dice.choice(GROUPS)
        membership = self.memberships[user.username, group]
        change = services.memberships.leave if membership.joined else services.memberships.join
        membership.change(
            lambda: self.insist(
                "membership", lambda: change(box=self.boxes[group], user=user, by=user)
            )
        )

    def tidy(self, dice: random.Random) -> None:
        name = dice.choice(list(self.own))
        box = self.own[name]
        with self.tolerant("tidy"):
            last = BoxCounter.objects.get(box=box).last_uid
            chosen = [dice.randint(1, last + 1) for _ in range(3)]
            match dice.randrange(5):
                case 0:
                    services.mailbox.delete(selection=some(box, chosen))
                case 1:
                    services.mailbox.move(selection=some(box, chosen), to=self.archives[name])
                case 2:
                    services.mailbox.store_flags(selection=some(box, chosen), add=[Flag.SEEN])
                case 3:
                    services.mailbox.store_flags(selection=up_to(box), remove=[Flag.SEEN])
                case _:
                    services.sending.deliver_pending()

    def recall(self, dice: random.Random) -> None:
        if not self.sent:
            return
        subject = dice.choice(self.sent[-20:]).subject
        self.recalled.add(subject)
        self.insist("recall", lambda: self.recall_all(subject))
        time.sleep(0.05)

    def recall_all(self, subject: str) -> None:
        for post in Post.objects.filter(subject=subject):
            services.sending.recall(post=post, by=self.staff)

    def roll_back(self, dice: random.Random) -> None:
        """Take places in hot boxes, stay for a moment, and give them back."""
        boxes = [box.pk for box in dice.sample([*self.boxes.values(), *self.own.values()], k=3)]
        with self.tolerant("rollback"), transaction.atomic():
            ghost = Post().pk
            insert.insert([insert.Delivery(ghost, ghost, "ghost", "ghost", boxes)])
            time.sleep(dice.random() * 0.01)
            transaction.set_rollback(True)
        time.sleep(dice.random() * 0.02)

    def kill(self, dice: random.Random) -> None:
        with another_connection() as other:
            while not self.over.wait(dice.random() * 0.1):
                victims = other.execute(
                    """SELECT pid FROM pg_stat_activity
                       WHERE datname = current_database() AND backend_type = 'client backend'
                         AND pid <> pg_backend_pid() AND state <> 'idle'"""
                ).fetchall()
                if victims:
                    other.execute("SELECT pg_terminate_backend(%s)", dice.choice(victims))
                    self.done["kill"] += 1

    def insist(self, what: str, work: Callable[[], None]) -> None:
        """Do it again until it did not raise, as a person would."""
        done = False
        while not done and not self.surprises:
            with self.tolerant(what):
                work()
                done = True

    @contextmanager
    def tolerant(self, what: str) -> Iterator[None]:
        """Let a lost connection pass, which is then closed; remember anything else."""
        try:
            yield
            self.done[what] += 1
        except Error as error:
            if getattr(error.__cause__, "sqlstate", None) not in LOST:
                self.surprises.append(f"{what}: {error!r}")
            connection.close()
        except Exception as error:  # noqa: BLE001 - reported by the test
            self.surprises.append(f"{what}: {error!r}")

    # --- All of them at once ---

    def rage(self) -> None:
        half = MEMBERS // 2
        loops: list[Callable[[random.Random], None]] = [
            *[self.sync] * SYNCERS,
            lambda dice: self.come_and_go(dice, self.people[:half]),
            lambda dice: self.come_and_go(dice, self.people[half:]),
            self.tidy,
            self.recall,
            self.roll_back,
        ]
        senders = [self.start(partial(self.send, nr=nr), nr) for nr in range(SENDERS)]
        others = [
            self.start(partial(self.repeat, work), SENDERS + nr) for nr, work in enumerate(loops)
        ]
        killer = self.start(self.kill, -1)
        for thread in senders:
            thread.join(PATIENCE)
        until(lambda: self.done.keys() == EVERYTHING or bool(self.surprises))
        self.over.set()
        for thread in (*others, killer):
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in (*senders, *others, killer))
        for membership in self.memberships.values():
            membership.end()

    def start(self, work: Callable[[random.Random], None], nr: int) -> threading.Thread:
        def run() -> None:
            try:
                work(random.Random(f"{self.seed}.{nr}"))
            except Exception as error:  # noqa: BLE001 - reported by the test
                self.surprises.append(repr(error))
            finally:
                connection.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def repeat(self, work: Callable[[random.Random], None], dice: random.Random) -> None:
        while not self.over.wait(dice.random() * 0.02):
            work(dice)

    # --- What must hold afterwards ---

    def expects(self, name: str, sent: Sent) -> bool:
        return sent.accepted and (
            name in sent.to
            or "everyone" in sent.to
            or any(
                covers(self.memberships[name, group].inside, sent) for group in self.groups(sent)
            )
        )

    def forbids(self, name: str, sent: Sent) -> bool:
        return not {name, "everyone"}.intersection(sent.to) and all(
            covers(self.memberships[name, group].outside, sent) for group in self.groups(sent)
        )

    def groups(self, sent: Sent) -> list[str]:
        return [name for name in sent.to if name in GROUPS]


def arrivals(box: Box) -> Counter[str]:
    """How often each subject came into a box, whether or not it is still there."""
    posts = [
        *DeliveredPost.objects.filter(box=box).values_list("post_id", flat=True),
        *Tombstone.objects.filter(box=box).values_list("post_id", flat=True),
    ]
    subjects = dict(Post.objects.values_list("pk", "subject"))
    return Counter(subjects[post_id] for post_id in posts)


@pytest.fixture
def storm(staff, everyone) -> Storm:
    seed = int(os.environ.get("STORM_SEED", "0")) or random.randrange(1, 10**6)
    print(f"To see the same dice again: STORM_SEED={seed}")  # noqa: T201 - shown on failure
    services.people.import_users(users=[User(username=f"p{n}") for n in range(MEMBERS)])
    people = list(User.objects.filter(username__startswith="p").order_by("pk"))
    return Storm(seed, people, staff)


@pytest.mark.storm
def test_nothing_is_lost_and_nothing_comes_twice(storm):
    storm.rage()
    connection.close()  # it may have been killed
    services.sending.deliver_pending(limit=10_000)
    for box in storm.own.values():
        services.mailbox.sync(box=box)

    assert storm.surprises == []
    assert storm.done.keys() == EVERYTHING
    assert not Submission.objects.exclude(state=Submission.State.DELIVERED).exists()
    check_people(storm)
    check_boxes(storm)
    assert [finding for finding in audit.audit() if finding.wrong] == []


def check_people(storm: Storm) -> None:
    for name, box in storm.own.items():
        got = arrivals(box)
        assert {subject for subject, times in got.items() if times > 1} == set()
        lost = [
            sent
            for sent in storm.sent
            if sent.subject not in got
            and sent.subject not in storm.recalled
            and storm.expects(name, sent)
        ]
        assert lost == [], name
        strange = [sent for sent in storm.sent if sent.subject in got and storm.forbids(name, sent)]
        assert strange == [], name


def check_boxes(storm: Storm) -> None:
    for box in Box.objects.select_related("counter"):
        assert uids(box) == list(range(1, box.counter.last_uid + 1)), box.name
    accepted = set(Post.objects.values_list("subject", flat=True)) - storm.recalled
    for name, box in (*storm.boxes.items(), *storm.own.items()):
        posts = {sent.subject for sent in storm.sent if name in sent.to} & accepted
        assert posts <= arrivals(box).keys(), name  # a send that raised is whole, or absent
    services.sending.finish_recalls()
    assert not DeliveredPost.objects.filter(post__in=Post.objects.exclude(recalled=None)).exists()
    assert not Recall.objects.exists()
