"""A whole box at once: all that one has seen of it, and nothing that came after."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import errors, selectors, services
from mail.models import Box, DeliveredPost, Tombstone
from mail.selectors.selection import some, up_to

MANY = 10_000


def uids(box: Box) -> list[int]:
    rows = DeliveredPost.objects.filter(box=box).order_by("uid")
    return list(rows.values_list("uid", flat=True))


def subjects(box: Box) -> list[str]:
    rows = DeliveredPost.objects.filter(box=box).order_by("uid")
    return list(rows.values_list("subject", flat=True))


def test_moving_stops_at_what_was_seen(bob, fill):
    box, archive = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "archive")
    fill(box, 5)
    services.mailbox.delete(selection=some(box, [2]))

    assert sum(map(len, services.mailbox.move(selection=up_to(box, 4), to=archive))) == 3
    assert (uids(box), subjects(archive)) == ([5], ["f0", "f2", "f3"])
    assert sum(map(len, services.mailbox.move(selection=up_to(box, 4), to=archive))) == 0
    assert sum(map(len, services.mailbox.move(selection=up_to(box, 9), to=box))) == 0
    assert uids(box) == [5]


def test_deleting_stops_at_what_was_seen(bob, fill):
    box = selectors.boxes.own_box(bob)
    fill(box, 5)

    assert services.mailbox.delete(selection=up_to(box, 4)) == 4
    assert uids(box) == [5]
    assert services.mailbox.delete(selection=up_to(box, 4)) == 0


def test_only_within_ones_own_boxes(alice, bob, crew, fill):
    fill(selectors.boxes.own_box(bob), 1)
    for other in (selectors.boxes.own_box(alice), crew):
        with pytest.raises(errors.FolderOfAnother):
            services.mailbox.move(selection=up_to(selectors.boxes.own_box(bob), 1), to=other)


def test_ten_thousand_are_a_few_dozen_statements_and_all_are_there(bob, fill):
    box, archive = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "archive")
    fill(box, MANY + 7)
    with CaptureQueriesContext(connection) as moving:
        assert sum(map(len, services.mailbox.move(selection=up_to(box, MANY), to=archive))) == MANY
    assert uids(box) == [MANY + 1 + n for n in range(7)]
    assert uids(archive) == [n + 1 for n in range(MANY)]
    assert subjects(archive) == [f"f{n}" for n in range(MANY)]

    with CaptureQueriesContext(connection) as deleting:
        assert services.mailbox.delete(selection=up_to(archive, MANY - 1)) == MANY - 1
    assert subjects(archive) == [f"f{MANY - 1}"]
    assert Tombstone.objects.filter(box=archive).count() == MANY - 1
    for queries in (moving, deleting):
        assert sum("SAVEPOINT" not in query["sql"] for query in queries) <= 36


def test_what_was_read_elsewhere_is_moved_once(bob, alice, crew, fill):
    """A post that the target has already is only taken out."""
    box, archive = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "archive")
    post = services.sending.send(sender=alice, to=["bob"]).post
    services.sending.deliver(post=post, box=archive, by=alice)

    assert sum(map(len, services.mailbox.move(selection=up_to(box, 1), to=archive))) == 1
    assert (uids(box), uids(archive)) == ([], [1])
