"""What things cost: as many statements for many as for few, and indexes wherever it is read."""

from collections.abc import Callable
from itertools import batched

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import db, selectors, services
from mail.models import (
    Attachment,
    Blob,
    Box,
    DeliveredPost,
    MutedThread,
    Post,
    Subscription,
    User,
    new_post_id,
)

pytestmark = pytest.mark.django_db

FEW, MANY = 10, 10_000
IMPORTED = 2_000  # at once, as the command does


@pytest.fixture
def people(db) -> Callable[[str, int], list[User]]:
    """So many new people, named after a letter."""

    def people(letter: str, count: int) -> list[User]:
        for names in batched((f"{letter}{n}" for n in range(count)), IMPORTED):
            services.people.import_users(users=[User(username=name) for name in names])
        # As autovacuum would have done: plans for an empty table are hopeless for a full one.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return list(User.objects.filter(username__startswith=letter).order_by("pk"))

    return people


def cost(call: Callable[[], object]) -> int:
    """How many statements a call takes, savepoints of the enclosing test not counted."""
    with CaptureQueriesContext(connection) as queries:
        call()
    return sum("SAVEPOINT" not in query["sql"] for query in queries)


def carry_files() -> None:
    """Every post that there is carries one, of the same content."""
    blob = Blob.objects.create(digest="0" * 64, file="00/0", size=1)
    posts = Post.objects.values_list("pk", flat=True)
    Attachment.objects.bulk_create(Attachment(post_id=pk, blob=blob, name="a") for pk in posts)


def plan(call: Callable[[], object]) -> str:
    """How PostgreSQL executes what a call reads, with fresh statistics."""
    with CaptureQueriesContext(connection) as queries:
        call()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        lines = []
        for query in queries:
            cursor.execute(f"EXPLAIN {query['sql']}")
            lines += [line for (line,) in cursor.fetchall()]
    return "\n".join(lines)


class TestBroadcast:
    def test_costs_the_same_for_few_and_many(self, staff, people):
        def broadcast() -> None:
            services.sending.send(sender=staff, to=["everyone"], subject="all", body="the same")

        broadcast()  # what is asked for once, like permissions, is asked for here
        people("f", FEW)
        few = cost(broadcast)
        people("m", MANY)
        assert cost(broadcast) == few

    def test_is_one_row_of_the_same_size(self, staff, people, everyone):
        people("m", MANY)
        post = services.sending.send(sender=staff, to=["everyone"], subject="all").post

        rows = DeliveredPost.objects.filter(post=post).exclude(box__owner=staff)
        assert [row.box_id for row in rows] == [everyone.pk]


class TestSync:
    def test_costs_the_same_for_one_pending_post_and_for_a_thousand(self, bob, crew, fill):
        box = selectors.boxes.own_box(bob)
        fill(crew, 1)
        one = cost(lambda: services.mailbox.sync(box=box))
        fill(crew, db.BATCH - 1)

        assert cost(lambda: services.mailbox.sync(box=box)) == one
        assert DeliveredPost.objects.filter(box=box).count() == db.BATCH

    def test_costs_the_same_for_one_subscription_and_for_thirty(self, alice, bob, crew, fill):
        box = selectors.boxes.own_box(bob)
        fill(crew, 1)
        one = cost(lambda: services.mailbox.sync(box=box))
        groups = [services.groups.create(name=f"g{n}", by=alice) for n in range(30)]
        bob.groups.add(*[group.group for group in groups])
        for group in groups:
            fill(group, 1)

        assert cost(lambda: services.mailbox.sync(box=box)) == one
        assert DeliveredPost.objects.filter(box=box).count() == 31

    def test_of_nothing_is_one_statement(self, bob, crew, django_assert_num_queries):
        box = selectors.boxes.own_box(bob)
        with django_assert_num_queries(1):
            services.mailbox.sync(box=box)

    def test_works_in_batches(self, bob, crew, fill):
        box = selectors.boxes.own_box(bob)
        fill(crew, db.BATCH + 1)

        assert services.mailbox.sync(box=box, batches=1) == (db.BATCH, True)
        assert services.mailbox.sync(box=box) == (1, False)


class TestPeople:
    @pytest.mark.parametrize("change", ["add", "remove"])
    def test_a_change_of_members_costs_the_same_for_few_and_many(self, crew, people, fill, change):
        few, many = people("f", FEW), people("m", MANY)
        if change == "remove":
            crew.group.user_set.add(*few, *many)
            fill(crew, 1)  # which those who leave are served
        work = getattr(crew.group.user_set, change)

        # Django reads the members that it adds in as many statements as it likes: once.
        few_cost = cost(lambda: work(*few))
        assert cost(lambda: work(*many)) == few_cost
        members = 2 + (len(few) + len(many) if change == "add" else 0)
        assert Subscription.objects.filter(source=crew).count() == members

    def test_an_import_costs_the_same_for_few_and_many(self, db):
        def importing(letter: str, count: int) -> Callable[[], int]:
            users = [User(username=f"{letter}{n}") for n in range(count)]
            return lambda: services.people.import_users(users=users)

        assert cost(importing("f", FEW)) == cost(importing("m", IMPORTED))
        assert Box.objects.filter(kind=Box.Kind.PERSONAL).count() == FEW + IMPORTED

    def test_named_recipients_cost_a_few_statements_for_each_batch(self, alice, people):
        few, many = people("f", FEW), people("m", MANY)

        def sending(users: list[User]) -> Callable[[], object]:
            names = [user.username for user in users]
            return lambda: services.sending.send(sender=alice, to=names)

        sending(few)()
        once = cost(sending(few))
        batches = MANY // db.BATCH
        # A batch more costs the insert and the look whether it was recalled meanwhile.
        assert cost(sending(many)) <= once + 2 * batches
        assert DeliveredPost.objects.filter(box__owner__in=many).count() == MANY


class TestInbox:
    def test_a_page_costs_the_same_in_a_small_box_and_in_a_large_one(self, bob, fill):
        box = selectors.boxes.own_box(bob)
        fill(box, FEW)
        few = cost(lambda: selectors.mailbox.page(box))
        fill(box, MANY)

        assert cost(lambda: selectors.mailbox.page(box)) == few
        assert len(selectors.mailbox.page(box).rows) == selectors.mailbox.PAGE

    def test_a_page_is_read_by_index(self, bob, fill):
        box = selectors.boxes.own_box(bob)
        fill(box, MANY)
        carry_files()
        middle = DeliveredPost.objects.get(box=box, uid=MANY // 2).post_id

        plans = plan(lambda: selectors.mailbox.page(box, before=middle))

        assert "Index Scan Backward using delivered_" in plans
        assert "attachment_by_post" in plans
        assert "mail_post_pkey" in plans
        assert "Seq Scan" not in plans

    def test_an_idle_sync_is_read_by_index(self, alice, bob, crew, people):
        members = people("m", MANY)
        crew.group.user_set.add(*members)
        boxes = Box.objects.filter(owner__in=members, kind=Box.Kind.PERSONAL)
        MutedThread.objects.bulk_create(
            MutedThread(box=box, thread=new_post_id())
            for box in [selectors.boxes.own_box(bob), *boxes]
        )

        plans = plan(lambda: services.mailbox.sync(box=selectors.boxes.own_box(bob)))

        assert "mail_subscription_pkey" in plans
        assert "mail_mutedthread_pkey" in plans
        assert "mail_boxcounter_pkey" in plans
        assert "Seq Scan" not in plans
