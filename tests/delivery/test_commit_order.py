"""Interleavings that are forced: each rival is known to stand where it hurts most."""

import io
import itertools
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from mail import db, errors, selectors, services
from mail.delivery import insert, outbox, pull
from mail.models import Box, DeliveredPost, Post, Recall, Submission, Subscription, User
from mail.selectors.selection import some

from .support import PATIENCE, Rival, found, held, uids, until, until_waiting, waiting

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def open_until_the_end(call) -> Iterator[None]:
    """What the call did, in a rival's transaction that is committed when the block ends."""
    done, commit = threading.Event(), threading.Event()

    def work() -> None:
        with transaction.atomic():
            call()
            done.set()
            commit.wait(PATIENCE)

    rival = Rival(work)
    until(lambda: done.is_set() or rival.is_done())
    try:
        yield
    finally:
        commit.set()
        rival.result()


def is_asked(what: str) -> bool:
    """Whether a rival's last query has these words."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM pg_stat_activity WHERE strpos(query, %s) > 0
               AND datname = current_database() AND pid <> pg_backend_pid()""",
            [what],
        )
        return bool(cursor.fetchone()[0])


def stored_post(sender: User, subject: str) -> Post:
    post = services.sending.compose(
        sender=sender, subject=subject, body="", content_type="text/plain"
    )
    post.save()
    return post


def put(post: Post, *boxes: Box) -> None:
    row = insert.Delivery(
        *(post.pk, post.thread, post.subject, post.sender_name), [box.pk for box in boxes]
    )
    insert.insert([row])


def synced(user: User) -> int:
    return services.mailbox.sync(box=selectors.boxes.own_box(user)).inserted


class TestPlaces:
    def test_who_comes_first_and_commits_last_is_not_passed_over(self, alice, bob, crew):
        first = stored_post(alice, "first")

        with open_until_the_end(lambda: put(first, crew)):
            second = Rival(
                lambda: services.sending.send(sender=alice, to=["crew"], subject="second")
            )
            until(lambda: waiting() == 1 or second.is_done())
            synced(bob)
        second.result()
        synced(bob)

        assert found(bob) == ["first", "second"]
        assert uids(crew) == [1, 2]

    def test_a_place_that_was_rolled_back_is_given_to_the_next(self, alice, bob, crew):
        lost = stored_post(alice, "lost")

        def fail() -> None:
            put(lost, crew)
            raise RuntimeError

        with pytest.raises(RuntimeError), transaction.atomic():
            fail()
        services.sending.send(sender=alice, to=["crew"], subject="next")

        assert uids(crew) == [1]
        assert synced(bob) == 1

    def test_boxes_in_any_order_lead_to_no_deadlock(self, alice, bob, charlie):
        boxes = [selectors.boxes.own_box(user) for user in (alice, bob, charlie)]
        posts = [stored_post(alice, f"{n}") for n in range(6)]

        with held(*boxes):
            orders = itertools.cycle([boxes, boxes[::-1]])
            rivals = [Rival(partial(put, post, *next(orders))) for post in posts]
            until_waiting(len(rivals))
        for rival in rivals:
            rival.result()

        assert [uids(box) for box in boxes] == [list(range(1, 7))] * 3


class TestSyncs:
    def test_two_at_once_deliver_each_post_once(self, alice, bob, crew):
        for n in range(3):
            services.sending.send(sender=alice, to=["crew"], subject=f"{n}")

        with held(selectors.boxes.own_box(bob)):
            rivals = [Rival(lambda: synced(bob)) for _ in range(2)]
            until_waiting(2)

        assert sorted(rival.result() for rival in rivals) == [0, 3]
        assert found(bob) == ["0", "1", "2"]
        assert uids(selectors.boxes.own_box(bob)) == [1, 2, 3]

    def test_what_arrives_directly_meanwhile_arrives_once(self, alice, bob, crew):
        post = stored_post(alice, "both")
        put(post, crew)
        box = selectors.boxes.own_box(bob)

        with held(box):
            direct = Rival(lambda: db.retried(lambda: put(post, box)))
            until_waiting(1)
            sync = Rival(lambda: synced(bob))
            until_waiting(2)
        direct.result()
        sync.result()

        assert found(bob) == ["both"]
        assert uids(box) == [1]

    def test_what_a_sync_brings_meanwhile_is_not_delivered_again(self, alice, bob, crew):
        post = stored_post(alice, "both")
        put(post, crew)
        box = selectors.boxes.own_box(bob)

        with held(box):
            sync = Rival(lambda: synced(bob))
            until_waiting(1)
            direct = Rival(lambda: db.retried(lambda: put(post, box)))
            until_waiting(2)
        sync.result()
        direct.result()

        assert found(bob) == ["both"]
        assert uids(box) == [1]

    def test_what_was_deleted_meanwhile_does_not_come_back(self, alice, bob, crew):
        """The later delivery stands in line for another box while all of this happens."""
        post = stored_post(alice, "once")
        box = selectors.boxes.own_box(bob)

        with held(selectors.boxes.own_box(alice)):
            late = Rival(lambda: db.retried(lambda: put(post, selectors.boxes.own_box(alice), box)))
            until_waiting(1)
            put(post, box)
            services.mailbox.delete(selection=some(box, [1]))
        late.result()

        assert found(bob) == []
        assert found(alice) == ["once"]


class TestMembership:
    def test_a_join_during_a_broadcast_misses_nothing_later(self, alice, charlie, crew):
        services.sending.send(sender=alice, to=["crew"], subject="before")
        during = stored_post(alice, "during")

        with open_until_the_end(lambda: put(during, crew)):
            services.memberships.join(box=crew, user=charlie, by=charlie)
        services.sending.send(sender=alice, to=["crew"], subject="after")
        synced(charlie)

        assert found(charlie) == ["during", "after"]

    def test_a_broadcast_during_a_join_arrives(self, alice, charlie, crew):
        with open_until_the_end(
            lambda: services.memberships.join(box=crew, user=charlie, by=charlie)
        ):
            services.sending.send(sender=alice, to=["crew"], subject="during")
        synced(charlie)

        assert found(charlie) == ["during"]

    def test_a_leave_during_a_broadcast_takes_all_that_was_sent_before(self, alice, bob, crew):
        services.sending.send(sender=alice, to=["crew"], subject="before")
        during = stored_post(alice, "during")

        with open_until_the_end(lambda: put(during, crew)):
            services.memberships.leave(box=crew, user=bob, by=bob)
        synced(bob)

        assert found(bob) == ["before"]
        assert not Subscription.objects.filter(
            target=selectors.boxes.own_box(bob), source=crew
        ).exists()

    def test_a_sync_that_waits_for_a_leave_brings_nothing_from_after_it(self, alice, bob, crew):
        services.sending.send(sender=alice, to=["crew"], subject="before")

        with open_until_the_end(lambda: services.memberships.leave(box=crew, user=bob, by=bob)):
            services.sending.send(sender=alice, to=["crew"], subject="after")
            sync = Rival(lambda: synced(bob))
            until_waiting(1)
        sync.result()

        assert found(bob) == ["before"]

    def test_a_leave_that_waits_for_a_sync_serves_nothing_twice(self, alice, bob, crew):
        services.sending.send(sender=alice, to=["crew"], subject="before")

        with held(selectors.boxes.own_box(bob)):
            sync = Rival(lambda: synced(bob))
            until_waiting(1)
            leave = Rival(lambda: services.memberships.leave(box=crew, user=bob, by=bob))
            until_waiting(2)
        sync.result()
        leave.result()

        assert found(bob) == ["before"]
        assert uids(selectors.boxes.own_box(bob)) == [1]

    def test_a_join_that_a_leave_overlooked_stays_whole(self, alice, charlie, crew):
        """Leaving finds no membership and waits for the box; joining comes next in the queue."""
        with held(selectors.boxes.own_box(charlie)):
            leave = Rival(lambda: services.memberships.leave(box=crew, user=charlie, by=charlie))
            until_waiting(1)
            join = Rival(lambda: services.memberships.join(box=crew, user=charlie, by=charlie))
            until_waiting(2)
        leave.result()
        join.result()

        services.sending.send(sender=alice, to=["crew"], subject="for members")
        synced(charlie)
        is_member = charlie.groups.filter(pk=crew.group_id).exists()
        assert found(charlie) == (["for members"] if is_member else [])

    def test_a_leave_that_first_serves_the_group_survives_a_deadlock(self, alice, bob, crew, staff):
        """It locks the group, then the person; a post to both locks them the other way round."""
        company = services.groups.create(name="company", by=staff)
        services.groups.subscribe(source=company, target=crew, by=staff)
        services.sending.send(sender=alice, to=["company"], subject="fed")
        both, box = stored_post(alice, "both"), selectors.boxes.own_box(bob)

        with held(box):
            post = Rival(lambda: self.put_patiently(both, box, crew))
            until_waiting(1)
            leave = Rival(lambda: services.memberships.leave(box=crew, user=bob, by=bob))
            until_waiting(2)
        post.result()
        leave.result()

        assert sorted(found(bob)) == ["both", "fed"]

    def put_patiently(self, post: Post, *boxes: Box) -> None:
        """Let the other one be the victim of a deadlock."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '1min'")
            put(post, *boxes)


class TestSending:
    def test_the_same_key_at_once_sends_once(self, alice, bob):
        box = selectors.boxes.own_box(bob)

        def send() -> Submission:
            return services.sending.send(
                sender=alice, to=["bob"], subject="one", idempotency_key="k"
            )

        with held(box):
            rivals = [Rival(send) for _ in range(3)]
            # One delivers. The others found its submission and stand behind it.
            until_waiting(1)
            until(lambda: Submission.objects.count() == 1)
        submissions = [rival.result() for rival in rivals]

        assert len({submission.post_id for submission in submissions}) == 1
        assert Post.objects.count() == 1
        assert found(bob) == found(alice, "sent") == ["one"]

    def test_the_same_key_while_the_first_is_not_yet_accepted(self, alice, bob):
        addressees = services.sending.resolve(sender=alice, to=["bob"])
        first = services.sending.compose(
            sender=alice, subject="first", body="", content_type="text/markdown", to=["bob"]
        )

        same = services.sending.fingerprint("first", "", "text/markdown", None, ["bob"], [], [])

        def accept() -> None:
            first.save(force_insert=True)
            submission = Submission(
                post=first,
                sender=alice,
                send_at=first.created,
                idempotency_key="k",
                fingerprint=same,
            )
            outbox.accept(submission, addressees.box_ids)

        with open_until_the_end(accept):
            second = Rival(
                lambda: services.sending.send(
                    sender=alice, to=["bob"], subject="first", idempotency_key="k"
                )
            )
            until_waiting(1)

        assert second.result().post_id == first.pk
        assert found(bob) == ["first"]

    def test_deliver_twice_at_once_says_so(self, alice, bob, charlie):
        post = services.sending.send(sender=alice, to=["bob"], subject="x").post
        box = selectors.boxes.own_box(charlie)

        with held(box):
            rivals = [
                Rival(lambda: services.sending.deliver(post=post, box=box, by=alice))
                for _ in range(2)
            ]
            until_waiting(2)

        refused = 0
        for rival in rivals:
            try:
                rival.result()
            except errors.AlreadyDelivered:
                refused += 1
        assert refused == 1
        assert found(charlie) == ["x"]


class TestRecall:
    def test_during_a_sync_shows_nothing(self, alice, bob, crew):
        post = services.sending.send(sender=alice, to=["crew"], subject="oops").post
        box = selectors.boxes.own_box(bob)

        with open_until_the_end(lambda: services.mailbox.sync(box=box)):
            recall = Rival(lambda: services.sending.recall(post=post, by=alice))
            until(lambda: not DeliveredPost.objects.filter(post=post).exists())
        recall.result()
        services.sending.finish_recalls()

        assert selectors.mailbox.page(box).rows == []
        assert selectors.boxes.unread_counts(bob) == {}
        assert not DeliveredPost.objects.filter(post=post).exists()

    def test_during_its_delivery_shows_nothing(self, alice, bob):
        box = selectors.boxes.own_box(bob)

        with held(box):
            send = Rival(lambda: services.sending.send(sender=alice, to=["bob"], subject="oops"))
            until_waiting(1)
            services.sending.recall(post=Post.objects.get(), by=alice)
        send.result()

        assert not DeliveredPost.objects.exists()
        assert Submission.objects.get().state == Submission.State.DELIVERED

    def test_finds_a_post_that_is_being_moved(self, alice, bob):
        post = services.sending.send(sender=alice, to=["bob"], subject="oops").post
        box, archive = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "archive")
        services.mailbox.delete(selection=some(selectors.boxes.own_box(alice, "sent"), [1]))

        with open_until_the_end(
            lambda: services.mailbox.move(selection=some(box, [1]), to=archive)
        ):
            recall = Rival(lambda: services.sending.recall(post=post, by=alice))
            until_waiting(1)

        assert recall.result() == 1
        assert not DeliveredPost.objects.exists()

    def test_follows_it_into_a_group_of_the_group(self, alice, bob, crew):
        outer = services.groups.create(name="outer", by=alice)
        services.groups.subscribe(source=crew, target=outer, by=alice)
        services.memberships.join(box=outer, user=bob, by=bob)
        post = services.sending.send(sender=alice, to=["crew"], subject="oops").post

        with open_until_the_end(lambda: pull.pull(outer.pk)):
            recall = Rival(lambda: services.sending.recall(post=post, by=alice))
            until(lambda: not DeliveredPost.objects.filter(post=post).exists())
        recall.result()
        services.sending.finish_recalls()

        synced(bob)
        assert not DeliveredPost.objects.exists()

    def test_waits_for_nobody_and_is_finished_later(self, alice, bob, charlie, crew):
        """A sync that began after it but had read before puts the post once more."""
        post = services.sending.send(sender=charlie, to=["alice", "crew"], subject="oops").post
        box = selectors.boxes.own_box(bob)

        with ExitStack() as stack:
            with held(crew):
                recall = Rival(lambda: services.sending.recall(post=post, by=charlie))
                until_waiting(1)  # it has locked other boxes, and so has a number of its own
                stack.enter_context(open_until_the_end(lambda: services.mailbox.sync(box=box)))
            recall.result()  # while the sync is still open
            assert Recall.objects.filter(post=post).exists()
            services.sending.finish_recalls()
            assert Recall.objects.filter(post=post).exists()
        assert DeliveredPost.objects.filter(post=post).exists()
        services.sending.finish_recalls()

        assert not DeliveredPost.objects.exists()
        assert not Recall.objects.exists()


def test_the_pending_work_finishes_a_recall_that_was_cut_short(alice, bob):
    post = services.sending.send(sender=alice, to=["bob"], subject="oops").post
    services.sending._hide(post)  # as if the process had ended here
    assert DeliveredPost.objects.filter(post=post).exists()

    call_command("deliver_pending", stdout=io.StringIO())

    assert not DeliveredPost.objects.filter(post=post).exists()
    assert not Recall.objects.exists()
