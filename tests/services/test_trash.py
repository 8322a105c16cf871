from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from mail import db, errors, selectors, services
from mail.models import Box, BoxCounter, DeliveredPost, Flag, Tombstone, User
from mail.selectors.selection import some, up_to


@pytest.fixture
def mail(alice, bob) -> Box:
    """Bob's box with three posts of alice's."""
    for n in range(3):
        services.sending.send(sender=alice, to=["bob"], subject=f"s{n}")
    return selectors.boxes.own_box(bob)


def age(days: int, user: User, folder: str = "trash") -> None:
    rows = DeliveredPost.objects.filter(box=selectors.boxes.own_box(user, folder))
    rows.update(moved=F("moved") - timedelta(days=days))


def test_the_trash_is_ones_own_and_gives_new_uids(alice, bob, mail, crew, subjects):
    (moved,) = services.mailbox.trash(selection=some(mail, [1, 3, 99]), owner=bob)
    assert list(moved.uids) == [1, 2]
    assert (subjects(bob), subjects(bob, "trash")) == (["s1"], ["s2", "s0"])
    assert subjects(alice, "trash") == []

    services.folders.create(owner=bob, name="mine")
    mine = selectors.boxes.own_box(bob, "mine")
    services.mailbox.move(selection=some(mail, [2]), to=mine)
    (moved,) = services.mailbox.trash(selection=some(mine, [1]), owner=bob)
    assert list(moved.uids) == [3]
    with pytest.raises(errors.FolderOfAnother):
        services.mailbox.trash(selection=some(crew, [1]), owner=bob)


def test_what_was_moved_knows_when(bob, mail):
    archive = selectors.boxes.own_box(bob, "archive")
    services.mailbox.move(selection=some(mail, [1]), to=archive)
    first = DeliveredPost.objects.get(box=archive).moved
    services.mailbox.trash(selection=some(archive, [1]), owner=bob)
    moved = DeliveredPost.objects.get(box=selectors.boxes.own_box(bob, "trash")).moved

    assert first is not None
    assert moved is not None
    assert moved >= first
    assert not DeliveredPost.objects.filter(box=mail).exclude(moved=None).exists()


def test_moving_back_restores_it(bob, mail, subjects):
    services.mailbox.store_flags(selection=some(mail, [2]), add=[Flag.SEEN])
    (moved,) = services.mailbox.trash(selection=some(mail, [2]), owner=bob)
    services.mailbox.move(
        selection=some(selectors.boxes.own_box(bob, "trash"), moved.uids), to=mail
    )

    assert subjects(bob) == ["s2", "s1", "s0"]
    assert selectors.boxes.unread_counts(bob) == {"": 2}


def test_emptying_stops_at_what_was_seen(bob, mail, subjects):
    services.mailbox.trash(selection=some(mail, [1, 2]), owner=bob)
    seen = 2
    services.mailbox.trash(selection=some(mail, [3]), owner=bob)

    assert services.folders.empty_trash(owner=bob, up_to=seen) == 2
    assert subjects(bob, "trash") == ["s2"]
    assert services.folders.empty_trash(owner=bob, up_to=seen) == 0


class TestPurging:
    def test_takes_what_was_put_there_long_ago_and_leaves_traces(self, alice, bob, mail, subjects):
        trash = selectors.boxes.own_box(bob, "trash")
        services.mailbox.trash(selection=some(mail, [1, 2]), owner=bob)
        age(31, bob)
        services.mailbox.trash(selection=some(mail, [3]), owner=bob)
        services.mailbox.trash(
            selection=some(selectors.boxes.own_box(alice, "sent"), [1]),
            owner=alice,
        )
        age(29, alice)
        before = BoxCounter.objects.get(box=trash).modseq

        assert services.upkeep.purge_trash() == 2
        assert (subjects(bob, "trash"), subjects(alice, "trash")) == (["s2"], ["s0"])
        assert list(Tombstone.objects.filter(box=trash).values_list("uid", "modseq")) == [
            (1, before + 1),
            (2, before + 1),
        ]
        assert BoxCounter.objects.get(box=trash).modseq == before + 1
        call_command("check_mail", stdout=StringIO())

    def test_leaves_other_folders_alone(self, bob, mail, subjects):
        services.mailbox.move(selection=some(mail, [1]), to=selectors.boxes.own_box(bob, "archive"))
        age(99, bob, "archive")

        assert services.upkeep.purge_trash() == 0
        assert subjects(bob, "archive") == ["s0"]

    def test_works_in_batches_of_a_fixed_number_of_statements(self, bob, mail, fill):
        def purge(count: int) -> int:
            fill(mail, count)
            services.mailbox.move(
                selection=up_to(mail, 10**9), to=selectors.boxes.own_box(bob, "trash")
            )
            age(31, bob)
            with CaptureQueriesContext(connection) as queries:
                services.upkeep.purge_trash()
            assert not DeliveredPost.objects.filter(box__owner=bob).exists()
            return len(queries)

        one = purge(1)
        assert purge(500) == one
        assert purge(2 * db.BATCH + 5) == one + 2

    def test_is_a_command(self, bob, mail):
        services.mailbox.trash(selection=some(mail, [1]), owner=bob)
        age(31, bob)
        out = StringIO()
        call_command("empty_trash", stdout=out)
        assert "1 posts removed" in out.getvalue()

    def test_reads_by_index(self, bob, mail, fill):
        fill(mail, 5000)
        services.mailbox.trash(selection=some(mail, [1]), owner=bob)
        age(31, bob)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        with CaptureQueriesContext(connection) as queries:
            services.upkeep.purge_trash()
        deletion = next(query["sql"] for query in queries if "DELETE" in query["sql"])
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {deletion}")
            assert "delivered_by_moved" in str(cursor.fetchall())
