"""The rules of membership and mail, against a model of them that fits on a page."""

from collections import defaultdict
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mail import errors, selectors, services
from mail.models import Box, DeliveredPost, Flag, Post, User
from mail.selectors.selection import some
from mail.services import audit

from .support import uids

PEOPLE = ("ann", "ben", "cy")
GROUPS = ("red", "green", "blue")
person = st.sampled_from(PEOPLE)
group = st.sampled_from(GROUPS)
recipients = st.lists(st.sampled_from((*PEOPLE, *GROUPS, "everyone")), min_size=1, max_size=4)


@dataclass
class Inbox:
    """What one person's boxes hold: subjects, which are all different, with their read mark."""

    shown: dict[str, bool] = field(default_factory=dict)
    archived: dict[str, bool] = field(default_factory=dict)
    had: set[str] = field(default_factory=set)  # what was ever here does not arrive again
    muted: set[str] = field(default_factory=set)  # groups, and the first posts of conversations

    def receive(self, subject: str, *, read: bool) -> None:
        if subject not in self.had:
            self.had.add(subject)
            self.shown[subject] = read


class Model:
    """The rules: one delivers at once to whom is a member now, nothing waits for a sync."""

    def __init__(self) -> None:
        self.inboxes = {name: Inbox() for name in PEOPLE}
        self.members: dict[str, set[str]] = defaultdict(set)
        self.feeds: dict[str, set[str]] = defaultdict(set)  # group → the groups that it feeds
        self.reached: dict[str, set[str]] = defaultdict(set)  # group → posts that it has had

    def send(self, sender: str, to: list[str], subject: str, thread: str) -> None:
        for name in to:
            if name in PEOPLE:
                inbox = self.inboxes[name]
                inbox.receive(subject, read=thread in inbox.muted)
        routes: dict[str, set[str]] = defaultdict(set)
        for name in to:
            if name not in PEOPLE:
                self.post(name, subject, routes)
        for member, groups in routes.items():
            inbox = self.inboxes[member]
            read = member == sender or thread in inbox.muted or groups <= inbox.muted
            inbox.receive(subject, read=read)

    def post(self, name: str, subject: str, routes: dict[str, set[str]]) -> None:
        if subject in self.reached[name]:
            return
        self.reached[name].add(subject)
        for member in PEOPLE if name == "everyone" else self.members[name]:
            routes[member].add(name)
        for fed in self.feeds[name]:
            self.post(fed, subject, routes)

    def is_fed_by(self, target: str, source: str) -> bool:
        return target == source or any(self.is_fed_by(target, fed) for fed in self.feeds[source])

    def recall(self, subject: str) -> None:
        for inbox in self.inboxes.values():
            inbox.shown.pop(subject, None)
            inbox.archived.pop(subject, None)


class Rules(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.staff = User.objects.create_superuser("staff", password="x")
        for name in PEOPLE:
            User.objects.create_user(name)
        self.boxes = {name: services.groups.create(name=name, by=self.staff) for name in GROUPS}
        self.model = Model()
        self.posts: list[Post] = []
        for name in PEOPLE:  # or most of the mail would be to groups without members
            self.join(name, GROUPS[0])

    def teardown(self) -> None:
        try:
            if hasattr(self, "model"):
                self.compare_all()
        finally:
            call_command("flush", interactive=False, verbosity=0)

    # --- What people do ---

    @rule(sender=person, to=recipients, staff=st.booleans())
    def send(self, sender: str, to: list[str], staff: bool) -> None:
        subject = f"{len(self.posts)}"
        author = self.staff if staff or "everyone" in to else self.user(sender)
        post = services.sending.send(sender=author, to=to, subject=subject).post
        self.posts.append(post)
        self.model.send(author.username, to, subject, subject)

    @precondition(lambda self: self.posts)
    @rule(nth=st.integers(0, 5), to=recipients)
    def answer(self, nth: int, to: list[str]) -> None:
        first = Post.objects.get(pk=self.posts[-1 - nth % len(self.posts)].thread)
        if first.recalled or first.sender is None:
            return
        to = [name for name in to if name != "everyone"] or ["ann"]
        subject = f"{len(self.posts)}"
        post = services.sending.send(
            sender=first.sender, to=to, subject=subject, in_reply_to=first.pk
        ).post
        self.posts.append(post)
        self.model.send(first.sender_name, to, subject, first.subject)

    @rule(name=person, group=group, on=st.booleans())
    def mute_group(self, name: str, group: str, on: bool) -> None:
        change = services.muting.mute_group if on else services.muting.unmute_group
        if name not in self.model.members[group]:
            with pytest.raises(errors.MutingNotAllowed):
                change(box=self.boxes[group], user=self.user(name))
            return
        change(box=self.boxes[group], user=self.user(name))
        muted = self.model.inboxes[name].muted
        muted.add(group) if on else muted.discard(group)

    @rule(name=person, nth=st.integers(0, 5), on=st.booleans())
    def mute_conversation(self, name: str, nth: int, on: bool) -> None:
        if chosen := self.choose(name, "", nth):
            first = Post.objects.get(pk=chosen.post.thread)
            change = services.muting.mute_thread if on else services.muting.unmute_thread
            change(user=self.user(name), thread=first.pk)
            muted = self.model.inboxes[name].muted
            muted.add(first.subject) if on else muted.discard(first.subject)

    @rule(name=person, group=group)
    def join(self, name: str, group: str) -> None:
        services.memberships.join(box=self.boxes[group], user=self.user(name), by=self.user(name))
        self.model.members[group].add(name)

    @rule(name=person, group=group)
    def leave(self, name: str, group: str) -> None:
        services.memberships.leave(box=self.boxes[group], user=self.user(name), by=self.user(name))
        self.model.members[group].discard(name)
        self.model.inboxes[name].muted.discard(group)

    @rule(feeding=st.sampled_from((*GROUPS, "everyone")), fed=group)
    def subscribe(self, feeding: str, fed: str) -> None:
        refusal: AbstractContextManager[object] = nullcontext()
        if self.model.is_fed_by(feeding, fed):
            refusal = pytest.raises(errors.ClosesCircle)
        elif fed in self.model.feeds[feeding]:
            refusal = pytest.raises(errors.AlreadySubscribed)
        else:
            self.model.feeds[feeding].add(fed)
        with refusal:
            services.groups.subscribe(
                source=self.group(feeding), target=self.group(fed), by=self.staff
            )

    @rule(feeding=st.sampled_from((*GROUPS, "everyone")), fed=group)
    def unsubscribe(self, feeding: str, fed: str) -> None:
        services.groups.unsubscribe(
            source=self.group(feeding), target=self.group(fed), by=self.staff
        )
        self.model.feeds[feeding].discard(fed)

    @rule(name=person, nth=st.integers(0, 5))
    def delete(self, name: str, nth: int) -> None:
        if chosen := self.choose(name, "", nth):
            services.mailbox.delete(selection=some(self.box(name), [chosen.uid]))
            del self.model.inboxes[name].shown[chosen.subject]

    @rule(name=person, nth=st.integers(0, 5), back=st.booleans())
    def move(self, name: str, nth: int, back: bool) -> None:
        origin, target = ("archive", "") if back else ("", "archive")
        if chosen := self.choose(name, origin, nth):
            services.mailbox.move(
                selection=some(self.box(name, origin), [chosen.uid]), to=self.box(name, target)
            )
            inbox = self.model.inboxes[name]
            here, there = inbox.shown, inbox.archived
            if back:
                here, there = there, here
            there[chosen.subject] = here.pop(chosen.subject)

    @rule(name=person, nth=st.integers(0, 5), read=st.booleans())
    def mark(self, name: str, nth: int, read: bool) -> None:
        if chosen := self.choose(name, "", nth):
            change = {"add" if read else "remove": [Flag.SEEN]}
            selection = some(self.box(name), [chosen.uid])
            services.mailbox.store_flags(selection=selection, **change)
            self.model.inboxes[name].shown[chosen.subject] = read

    @precondition(lambda self: self.posts)
    @rule(nth=st.integers(0, 20))
    def recall(self, nth: int) -> None:
        post = self.posts[nth % len(self.posts)]
        services.sending.recall(post=post, by=self.staff)
        self.model.recall(post.subject)

    @rule(name=person)
    def sync(self, name: str) -> None:
        services.mailbox.sync(box=self.box(name))
        self.compare(name)

    # --- What always holds ---

    @invariant()
    def uids_have_no_gap(self) -> None:
        for box in Box.objects.select_related("counter"):
            assert uids(box) == list(range(1, box.counter.last_uid + 1)), box.name

    def compare_all(self) -> None:
        for name in PEOPLE:
            services.mailbox.sync(box=self.box(name))
            self.compare(name)
        assert [finding for finding in audit.audit() if finding.wrong] == []

    def compare(self, name: str) -> None:
        inbox = self.model.inboxes[name]
        assert self.found(name, "") == inbox.shown
        assert self.found(name, "archive") == inbox.archived

    # --- Looking things up ---

    def user(self, name: str) -> User:
        return User.objects.get(username=name)

    def group(self, name: str) -> Box:
        return Box.objects.named(name).get()

    def box(self, name: str, folder: str = "") -> Box:
        return selectors.boxes.own_box(self.user(name), folder)

    def found(self, name: str, folder: str) -> dict[str, bool]:
        rows = DeliveredPost.objects.filter(box=self.box(name, folder))
        return {row.subject: row.is_read for row in rows}

    def choose(self, name: str, folder: str, nth: int) -> DeliveredPost | None:
        """One of what has come into a box so far; more may be pending."""
        rows = list(DeliveredPost.objects.filter(box=self.box(name, folder)).order_by("uid"))
        return rows[nth % len(rows)] if rows else None


@pytest.mark.hypothesis
@pytest.mark.django_db(transaction=True)
def test_the_services_keep_the_rules():
    run_state_machine_as_test(
        Rules,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
