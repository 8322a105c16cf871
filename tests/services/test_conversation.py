from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import selectors, services
from mail.models import Flag, Post, User
from mail.selectors.selection import some


def shown(user: User, post: Post) -> list[tuple[str, str]]:
    services.mailbox.sync(box=selectors.boxes.own_box(user))
    return [(m.box, m.subject) for m in selectors.conversations.conversation(user, post.thread)]


@pytest.fixture
def asked(alice, bob, crew) -> Post:
    return services.sending.send(
        sender=alice, to=["crew"], cc=["charlie"], subject="asked", body="*x*"
    ).post


@pytest.fixture(autouse=True)
def _cast(charlie) -> None:
    """Charlie is there before anything is sent."""


def answer(sender: User, to: str, post: Post, subject: str) -> Post:
    return services.sending.send(sender=sender, to=[to], subject=subject, in_reply_to=post.pk).post


def test_everyone_sees_what_they_have_oldest_first(alice, bob, charlie, asked, subjects):
    subjects(bob)
    first = answer(bob, "crew", asked, "one")
    answer(charlie, "alice", asked, "two")
    subjects(alice)
    answer(alice, "bob", first, "three")

    assert shown(alice, asked) == [("", "asked"), ("", "one"), ("", "two"), ("sent", "three")]
    assert shown(bob, asked) == [("", "asked"), ("", "one"), ("", "three")]
    assert shown(charlie, asked) == [("", "asked"), ("sent", "two")]


def test_a_message_carries_what_is_shown_of_it(alice, bob, asked, subjects):
    subjects(bob)
    box = selectors.boxes.own_box(bob)
    reply = answer(bob, "alice", asked, "re")
    services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.SEEN])
    services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.FLAGGED])
    services.mailbox.move(selection=some(box, [1]), to=selectors.boxes.own_box(bob, "archive"))

    first, second = selectors.conversations.conversation(bob, asked.thread)
    assert (first.box, first.uid, first.is_read) == ("archive", 1, True)
    assert (first.is_flagged, first.is_answered) == (True, True)
    assert (first.post_id, first.sender_name, first.created) == (asked.pk, "alice", asked.created)
    assert (first.to, first.cc, first.snippet) == (["crew"], ["charlie"], "x")
    assert "<em>x</em>" in first.body_html
    assert (second.post_id, second.in_reply_to, second.box) == (reply.pk, asked.pk, "sent")


def test_what_is_only_in_the_trash_or_recalled_is_left_out(alice, bob, charlie, asked, subjects):
    subjects(alice)
    answer(alice, "charlie", asked, "recalled")
    services.sending.recall(post=Post.objects.get(subject="recalled"), by=alice)
    services.mailbox.trash(
        selection=some(selectors.boxes.own_box(charlie), [1]),
        owner=charlie,
    )
    assert shown(charlie, asked) == []

    services.mailbox.trash(
        selection=some(selectors.boxes.own_box(alice, "sent"), [1]),
        owner=alice,
    )
    assert shown(alice, asked) == [("", "asked")]  # her copy through the group
    services.mailbox.trash(
        selection=some(selectors.boxes.own_box(alice), [1]),
        owner=alice,
    )
    assert shown(alice, asked) == []


def test_a_stranger_and_an_unknown_thread_have_nothing(staff, asked):
    assert shown(staff, asked) == []
    assert selectors.conversations.conversation(staff, uuid4()) == []


def test_costs_the_same_for_few_and_many(alice, charlie, asked):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            selectors.conversations.conversation(charlie, asked.thread)
        return len(queries)

    few = cost()
    for n in range(50):
        answer(charlie, "alice", asked, str(n))
    assert cost() == few == 6
    assert len(selectors.conversations.conversation(charlie, asked.thread)) == 51


def test_people_are_called_by_their_full_names(alice, bob, charlie, asked):
    alice.first_name, alice.last_name = "Alice", "Liddell"
    alice.save()
    answer(charlie, "alice", asked, "hm")
    messages = selectors.conversations.conversation(charlie, asked.thread)
    assert [(each.sender, each.sender_name) for each in messages] == [
        ("Alice Liddell", "alice"),
        ("charlie", "charlie"),
    ]
    lines = selectors.mailbox.page(selectors.boxes.own_box(charlie)).rows
    assert [(line.sender, line.sender_name) for line in lines] == [("Alice Liddell", "alice")]
