"""What stands around a list: folders, neighbours, and whether there is anything new."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mail import selectors, services
from mail.models import Box, BoxCounter, Flag, Post, Tombstone, User
from mail.selectors.selection import some


def modseq(box: Box) -> int:
    return BoxCounter.objects.get(pk=box.pk).modseq


class TestFolders:
    def test_all_of_them_in_order_with_numbers(self, alice, bob):
        for n in range(5):
            services.sending.send(sender=alice, to=["bob"], subject=f"s{n}")
        for name in ("Zebra", "apple"):
            services.folders.create(owner=bob, name=name)
        box = selectors.boxes.own_box(bob)
        services.mailbox.store_flags(selection=some(box, [1, 2]), add=[Flag.SEEN])
        services.mailbox.move(
            selection=some(box, [2, 3, 4]), to=selectors.boxes.own_box(bob, "zebra")
        )
        services.mailbox.trash(
            selection=some(selectors.boxes.own_box(bob, "zebra"), [2]),
            owner=bob,
        )
        services.mailbox.delete(selection=some(box, [1]))
        services.sending.recall(post=Post.objects.get(subject="s4"), by=alice)

        assert [(f.name, f.is_fixed, f.unread, f.total) for f in selectors.boxes.folders(bob)] == [
            ("", True, 0, 0),
            ("sent", True, 0, 0),
            ("archive", True, 0, 0),
            ("trash", True, 1, 1),
            ("apple", False, 0, 0),
            ("Zebra", False, 1, 2),
        ]
        assert selectors.boxes.folders(bob)[0].box_id == box.pk

    def test_totals_stay_right_when_tombstones_are_purged(self, alice, bob, fill):
        box = selectors.boxes.own_box(bob)
        fill(box, 7)
        services.mailbox.delete(selection=some(box, [2, 3]))
        assert selectors.boxes.folders(bob)[0].total == 5

        Tombstone.objects.update(at=timezone.now() - timedelta(days=31))
        assert services.upkeep.purge_tombstones() == 2
        assert selectors.boxes.folders(bob)[0].total == 5

    def test_is_one_read(self, bob, fill, django_assert_num_queries):
        fill(selectors.boxes.own_box(bob), 10_000)
        with django_assert_num_queries(1):
            folders = selectors.boxes.folders(bob)
        assert (folders[0].unread, folders[0].total) == (10_000, 10_000)


class TestNeighbours:
    def test_follow_the_list_not_the_uids(self, alice, bob, fill):
        box, archive = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "archive")
        fill(box, 4)
        services.mailbox.move(selection=some(box, [2]), to=archive)
        services.mailbox.move(
            selection=some(archive, [1]), to=box
        )  # it is now 5, and still the third
        assert [line.uid for line in selectors.mailbox.page(box).rows] == [4, 3, 5, 1]

        assert selectors.mailbox.neighbours(box, 4) == (None, 3)
        assert selectors.mailbox.neighbours(box, 3) == (4, 5)
        assert selectors.mailbox.neighbours(box, 5) == (3, 1)
        assert selectors.mailbox.neighbours(box, 1) == (5, None)
        assert selectors.mailbox.neighbours(box, 99) == (None, None)

    def test_are_known_of_what_just_left(self, bob, fill):
        box = selectors.boxes.own_box(bob)
        fill(box, 3)
        services.mailbox.delete(selection=some(box, [2]))

        assert selectors.mailbox.neighbours(box, 2) == (3, 1)

    def test_are_one_read_by_index(self, bob, fill):
        box = selectors.boxes.own_box(bob)
        fill(box, 5000)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        with CaptureQueriesContext(connection) as queries:
            assert selectors.mailbox.neighbours(box, 2500) == (2501, 2499)
        assert len(queries) == 1
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {queries[0]['sql']}")
            plan = str(cursor.fetchall())
        assert plan.count("delivered_once") == 2
        assert "Sort" not in plan


class TestNews:
    @pytest.fixture
    def box(self, bob, crew) -> Box:
        box = selectors.boxes.own_box(bob)
        services.mailbox.sync(box=box)
        return box

    def test_nothing_new_is_one_read(self, box, django_assert_num_queries):
        seen = modseq(box)
        with django_assert_num_queries(1):
            assert not selectors.boxes.has_updates(box, seen)

    def test_direct_mail_is_news(self, alice, box):
        seen = modseq(box)
        services.sending.send(sender=alice, to=["bob"])

        assert selectors.boxes.has_updates(box, seen)
        assert not selectors.boxes.has_updates(box, modseq(box))

    def test_group_mail_and_broadcasts_are_news_until_they_are_pulled(self, alice, staff, box):
        for sender, to in ((alice, "crew"), (staff, "everyone")):
            seen = modseq(box)
            services.sending.send(sender=sender, to=[to])
            assert selectors.boxes.has_updates(box, seen)
            services.mailbox.sync(box=box)
            assert selectors.boxes.has_updates(box, seen)
            assert not selectors.boxes.has_updates(box, modseq(box))

    def test_a_change_in_another_window_is_news(self, alice, box):
        services.sending.send(sender=alice, to=["bob"])
        chosen = some(box, [1])
        changes = (
            lambda: services.mailbox.store_flags(selection=chosen, add=[Flag.SEEN]),
            lambda: services.mailbox.store_flags(selection=chosen, add=[Flag.FLAGGED]),
            lambda: services.mailbox.delete(selection=chosen),
        )
        for change in changes:
            seen = modseq(box)
            change()
            assert selectors.boxes.has_updates(box, seen)

    def test_what_waits_above_a_group_of_groups_is_news(self, alice, staff, crew, box):
        company = services.groups.create(name="company", by=staff)
        services.groups.subscribe(source=company, target=crew, by=staff)
        seen = modseq(box)
        assert not selectors.boxes.has_updates(box, seen)
        services.sending.send(sender=alice, to=["company"])

        assert selectors.boxes.has_updates(box, seen)
        services.mailbox.sync(box=box)
        assert not selectors.boxes.has_updates(box, modseq(box))

    def test_what_the_box_had_already_is_no_news_for_long(self, alice, box):
        services.sending.send(sender=alice, to=["bob", "crew"])
        seen = modseq(box)
        assert selectors.boxes.has_updates(box, seen)
        assert services.mailbox.sync(box=box).inserted == 0
        assert not selectors.boxes.has_updates(box, modseq(box))

    def test_other_peoples_mail_is_no_news(self, alice, charlie, box):
        seen = modseq(box)
        services.sending.send(sender=alice, to=["charlie"])
        assert not selectors.boxes.has_updates(box, seen)

    def test_is_read_by_index(self, staff, box):
        services.people.import_users(users=[User(username=f"u{n}") for n in range(5000)])
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        with CaptureQueriesContext(connection) as queries:
            selectors.boxes.has_updates(box, modseq(box))
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {queries[-1]['sql']}")
            plan = str(cursor.fetchall())
        assert "mail_subscription_pkey" in plan
        assert "Seq Scan" not in plan
