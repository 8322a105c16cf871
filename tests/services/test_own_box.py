import pytest

from mail import errors, selectors, services
from mail.models import BoxCounter, DeliveredPost, Flag, Post, Tombstone
from mail.selectors.selection import some, up_to


@pytest.fixture
def mail(alice, bob):
    """Three posts of alice's in bob's box."""
    return [services.sending.send(sender=alice, to=["bob"], subject=f"s{n}").post for n in range(3)]


def test_marking_takes_the_next_modseq(bob, mail):
    box = selectors.boxes.own_box(bob)
    before = box.counter.modseq

    assert services.mailbox.store_flags(selection=some(box, [1, 2, 99]), add=[Flag.SEEN]) == 2
    assert services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.SEEN]) == 0
    assert services.mailbox.store_flags(selection=some(box, [1]), remove=[Flag.SEEN]) == 1
    assert services.mailbox.store_flags(selection=up_to(box), add=[Flag.SEEN]) == 2

    rows = DeliveredPost.objects.filter(box=box).order_by("uid")
    assert all(row.is_read and row.modseq > before for row in rows)
    assert BoxCounter.objects.get(box=box).modseq >= max(row.modseq for row in rows)
    assert selectors.boxes.unread_counts(bob) == {}


def test_moving_gives_new_uids_and_keeps_the_read_mark(bob, mail):
    box, archive = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "archive")
    services.mailbox.store_flags(selection=some(box, [2]), add=[Flag.SEEN])

    (moved,) = services.mailbox.move(selection=some(box, [2, 3, 99]), to=archive)
    assert list(moved.uids) == [1, 2]

    rows = DeliveredPost.objects.filter(box=archive).order_by("uid")
    assert [(row.post_id, row.is_read) for row in rows] == [
        (mail[1].pk, True),
        (mail[2].pk, False),
    ]
    (moved,) = services.mailbox.move(selection=some(archive, [1]), to=box)
    assert list(moved.uids) == [4]
    assert [row.uid for row in DeliveredPost.objects.filter(box=box).order_by("uid")] == [1, 4]


def test_posts_move_only_within_ones_own_boxes(alice, bob, crew, mail):
    for other in (selectors.boxes.own_box(alice), crew):
        with pytest.raises(errors.FolderOfAnother):
            services.mailbox.move(selection=some(selectors.boxes.own_box(bob), [1]), to=other)


def test_deleting_touches_nobody_elses_copy(alice, bob, charlie, subjects):
    services.sending.send(sender=alice, to=["bob", "charlie"], subject="shared")

    assert services.mailbox.delete(selection=some(selectors.boxes.own_box(bob), [1, 99])) == 1

    assert subjects(bob) == []
    assert subjects(charlie) == ["shared"]
    assert subjects(alice, "sent") == ["shared"]
    assert Tombstone.objects.get(box=selectors.boxes.own_box(bob)).uid == 1


def test_what_was_deleted_or_moved_does_not_come_back_through_a_group(alice, bob, crew, subjects):
    services.sending.send(sender=alice, to=["bob", "crew"], subject="both")
    services.mailbox.delete(selection=some(selectors.boxes.own_box(bob), [1]))
    services.sending.send(sender=alice, to=["bob", "crew"], subject="again")
    services.mailbox.move(
        selection=some(selectors.boxes.own_box(bob), [2]),
        to=selectors.boxes.own_box(bob, "archive"),
    )

    assert subjects(bob) == []
    assert subjects(bob, "archive") == ["again"]


def test_a_watermark_survives_the_post_that_it_stands_on(alice, bob, crew, subjects):
    services.sending.send(sender=alice, to=["crew"], subject="1")
    assert subjects(bob) == ["1"]
    services.mailbox.delete(selection=some(crew, [1]))
    services.sending.send(sender=alice, to=["crew"], subject="2")

    assert subjects(bob) == ["2", "1"]


def test_recall_hides_everywhere_and_leaves_traces(alice, bob, charlie, crew, subjects):
    post = services.sending.send(sender=alice, to=["charlie", "crew"], subject="oops").post
    assert subjects(bob) == ["oops"]

    with pytest.raises(errors.RecallNotAllowed):
        services.sending.recall(post=post, by=bob)
    assert services.sending.recall(post=post, by=alice) == 4  # charlie, crew, bob, alice's sent

    services.memberships.join(box=crew, user=charlie, by=charlie)
    for user in (alice, bob, charlie):
        assert subjects(user) == []
    assert subjects(alice, "sent") == []
    with pytest.raises(errors.NotFound):
        selectors.posts.readable_post(alice, post.pk)
    assert Tombstone.objects.filter(post=post).count() == 4


def test_staff_may_recall_by_permission(alice, bob, staff, subjects):
    post = services.sending.send(sender=alice, to=["bob"]).post
    assert services.sending.recall(post=post, by=staff) == 2


def test_delivering_what_one_stored(alice, bob, charlie, subjects):
    post = services.sending.send(sender=alice, to=["bob"], subject="x").post
    box = selectors.boxes.own_box(charlie)

    assert services.sending.deliver(post=post, box=box, by=alice).uid == 1
    with pytest.raises(errors.AlreadyDelivered):
        services.sending.deliver(post=post, box=box, by=alice)
    with pytest.raises(errors.NotFound):
        services.sending.deliver(post=post, box=selectors.boxes.own_box(bob), by=bob)


class TestReaping:
    def test_waits_then_deletes_what_nothing_refers_to(self, alice, bob, settings):
        post = services.sending.send(sender=alice, to=["bob"]).post
        kept = services.sending.send(sender=alice, to=["bob"]).post
        services.sending.recall(post=post, by=alice)

        assert services.upkeep.reap_posts() == 0  # noted as an orphan
        assert services.upkeep.reap_posts() == 0  # not for long
        self.age(days=8)
        assert services.upkeep.reap_posts() == 1
        assert list(Post.objects.values_list("pk", flat=True)) == [kept.pk]

    def test_forgets_what_was_muted_with_the_last_post_of_it(self, alice, bob):
        gone, kept = (services.sending.send(sender=alice, to=["bob"]).post for _ in range(2))
        for post in (gone, kept):
            services.muting.mute_thread(user=bob, thread=post.thread)
        services.sending.send(sender=alice, to=["bob"], in_reply_to=kept.pk)
        for post in (gone, kept):
            services.sending.recall(post=post, by=alice)
        services.upkeep.reap_posts()
        self.age(days=8)

        assert services.upkeep.reap_posts() == 2
        assert [thread for thread, _ in selectors.muting.muted_threads(bob)] == [kept.thread]

    def test_forgets_that_a_post_was_an_orphan_when_it_is_delivered_again(self, alice, bob):
        post = services.sending.send(sender=alice, to=["bob"]).post
        services.mailbox.delete(selection=some(selectors.boxes.own_box(bob), [1]))
        services.mailbox.delete(selection=some(selectors.boxes.own_box(alice, "sent"), [1]))
        services.upkeep.reap_posts()
        assert Post.objects.get().orphaned

        services.sending.deliver(post=post, box=selectors.boxes.own_box(alice), by=alice)
        self.age(days=8)
        services.upkeep.reap_posts()
        assert Post.objects.get().orphaned is None

    def age(self, days: int) -> None:
        from datetime import timedelta

        from django.db.models import F

        Post.objects.update(
            created=F("created") - timedelta(days=days),
            orphaned=F("orphaned") - timedelta(days=days),
        )


def test_purged_tombstones_are_still_counted(alice, bob, mail):
    from datetime import timedelta

    from django.core.management import call_command

    box = selectors.boxes.own_box(bob)
    services.mailbox.delete(selection=some(box, [1, 3]))
    Tombstone.objects.update(at=mail[0].created - timedelta(days=31))

    assert services.upkeep.purge_tombstones() == 2
    counter = BoxCounter.objects.get(box=box)
    assert (counter.purged, counter.purged_modseq) == (2, 4)
    call_command("check_mail")
