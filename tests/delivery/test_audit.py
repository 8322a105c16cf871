"""Every check of `check_mail`: it sees what is broken, mends it, and is then content."""

import io
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from mail import selectors, services
from mail.models import (
    Box,
    BoxCounter,
    DeliveredPost,
    Post,
    PostWords,
    ReservedName,
    Submission,
    Subscription,
    Tombstone,
    User,
)
from mail.selectors.selection import some
from mail.services import audit

pytestmark = pytest.mark.django_db


def check(*, repair: bool = False) -> tuple[str, bool]:
    """What the command prints, and whether all is well after it."""
    printed = io.StringIO()
    try:
        call_command("check_mail", repair=repair, stdout=printed)
    except CommandError as error:
        return f"{printed.getvalue()}{error}", False
    return printed.getvalue(), True


def wrong() -> dict[str, int]:
    return {finding.subject: finding.wrong for finding in audit.audit() if finding.wrong}


def sql(statement: str, *params: int | str | UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.fixture
def world(alice, bob, staff, crew, everyone, subjects) -> None:
    """A little of everything: read and unread, deleted, moved, through groups and direct."""
    for n in range(3):
        services.sending.send(sender=alice, to=["bob", "crew"], subject=f"s{n}")
    services.sending.send(sender=staff, to=["everyone"], subject="all")
    subjects(bob)
    box = selectors.boxes.own_box(bob)
    services.mailbox.delete(selection=some(box, [1]))
    services.mailbox.move(selection=some(box, [2]), to=selectors.boxes.own_box(bob, "archive"))


def box_of(name: str) -> Box:
    return Box.objects.named(name).get()


def counter(name: str):
    return BoxCounter.objects.filter(box=box_of(name))


def drop_a_folder() -> None:
    box_of("bob:trash").delete()


def drop_the_broadcasts() -> None:
    Subscription.objects.filter(target=box_of("bob"), source=box_of("everyone")).delete()


def rename_an_account() -> None:
    User.objects.filter(username="bob").update(username="robert")


def make_a_group_behind_our_back() -> None:
    Group.objects.bulk_create([Group(name="bulk")])


def drop_a_counter() -> None:
    counter("crew").delete()


def drop_a_box() -> None:
    """Bob's archive: a delivered post of his is then in no box."""
    archive = box_of("bob:archive")
    sql("DELETE FROM mail_boxcounter WHERE box_id = %s", archive.pk)
    sql("DELETE FROM mail_box WHERE id = %s", archive.pk)


def drop_a_post() -> None:
    post_id = Post.objects.get(subject="s2").pk
    Submission.objects.filter(post_id=post_id).delete()
    PostWords.objects.filter(post=post_id).delete()
    sql("DELETE FROM mail_post WHERE id = %s", post_id)


def recall_by_hand() -> None:
    Post.objects.filter(subject="s2").update(recalled=timezone.now())


def name_a_source_that_is_gone() -> None:
    DeliveredPost.objects.filter(box=box_of("bob"), subject="s2").update(source_id=10**9)


def set_a_counter_back() -> None:
    counter("crew").update(last_uid=1)


def set_the_changes_back() -> None:
    counter("crew").update(modseq=1)


def leave_a_trace_of_what_is_there() -> None:
    row = DeliveredPost.objects.filter(box=box_of("bob")).latest("uid")
    Tombstone.objects.create(
        box_id=row.box_id, uid=row.uid, post_id=row.post_id, modseq=row.modseq, at=timezone.now()
    )


def lose_a_row() -> None:
    DeliveredPost.objects.filter(box=box_of("alice:sent"), uid=1).delete()


def lose_a_trace() -> None:
    Tombstone.objects.filter(box=box_of("bob"), uid=1).delete()


def push_a_watermark() -> None:
    Subscription.objects.filter(source=box_of("crew"), target=box_of("bob")).update(watermark=99)


def start_above_the_watermark() -> None:
    Subscription.objects.filter(source=box_of("crew"), target=box_of("alice")).update(start=2)


def mark_as_fed() -> None:
    counter("crew").update(fed=True)


def add_a_member_behind_our_back() -> None:
    group = Group.objects.get(name="crew")
    User.groups.through.objects.bulk_create([User.groups.through(user=staff(), group=group)])


def staff() -> User:
    return User.objects.get(username="staff")


def drop_a_member_behind_our_back() -> None:
    User.groups.through.objects.filter(user__username="bob").delete()


def skip_a_post() -> None:
    Subscription.objects.filter(source=box_of("crew"), target=box_of("alice")).update(watermark=1)


def change_a_copy() -> None:
    DeliveredPost.objects.filter(box=box_of("bob"), subject="s2").update(subject="forged")


def age_a_rendering() -> None:
    Post.objects.filter(subject="s2").update(renderer=0, body_html="old")


def forget_the_words() -> None:
    PostWords.objects.filter(post__subject="s2").delete()


def forget_to_deliver() -> None:
    late = Submission.objects.get(post__subject="s2")
    late.recipients.update(state="pending", next_attempt_at=timezone.now() - timedelta(hours=1))
    Submission.objects.filter(pk=late.pk).update(state=Submission.State.ACCEPTED)


def keep_a_draft_that_was_sent() -> None:
    owner = User.objects.get(username="alice")
    draft = services.drafts.save(owner=owner, to="bob")
    services.drafts.send(draft=draft)
    draft.save(force_insert=True)


def forget_when_it_was_moved() -> None:
    box = box_of("bob")
    services.mailbox.trash(
        selection=some(box, [DeliveredPost.objects.filter(box=box).latest("uid").uid]),
        owner=User.objects.get(username="bob"),
    )
    DeliveredPost.objects.filter(box=box_of("bob:trash")).update(moved=None)


def name_somebody_as_nobody_types_it() -> None:
    sql("UPDATE mail_user SET username = normalize('bób', NFD) WHERE username = 'bob'")
    sql(
        "UPDATE mail_box SET name = replace(name, 'bob', normalize('bób', NFD)) WHERE name ~ '^bob'"
    )


def forget_who_was_deleted() -> None:
    User.objects.get(username="alice").delete()
    ReservedName.objects.all().delete()


BREAKAGES = [
    (name_somebody_as_nobody_types_it, "people whose name is not normalised", 1),
    (forget_who_was_deleted, "names of deleted people that could be given again", 1),
    (drop_a_folder, "people without their boxes", 1),
    (drop_the_broadcasts, "people without their boxes", 1),
    (rename_an_account, "people who are not called like their box", 1),
    (make_a_group_behind_our_back, "groups without a box", 1),
    (drop_a_counter, "boxes without a counter", 1),
    (drop_a_box, "delivered posts and traces of boxes that are gone", 1),
    (drop_a_post, "delivered posts whose post is gone", 1),
    (recall_by_hand, "recalled posts still in a box", 1),
    (name_a_source_that_is_gone, "delivered posts through a box that is gone", 1),
    (set_a_counter_back, "uids above their box's counter", 1),
    (set_the_changes_back, "changes above their box's counter", 1),
    (leave_a_trace_of_what_is_there, "traces of what is still there", 1),
    (lose_a_row, "boxes with gaps that no deletion explains", 1),
    (lose_a_trace, "boxes with gaps that no deletion explains", 1),
    (push_a_watermark, "watermarks above their source", 1),
    (start_above_the_watermark, "watermarks above their source", 1),
    (mark_as_fed, "groups wrongly marked as fed or not", 1),
    (add_a_member_behind_our_back, "members without a subscription", 1),
    (drop_a_member_behind_our_back, "subscriptions of people who are no members", 1),
    (skip_a_post, "posts that a subscription passed over", 1),
    (change_a_copy, "lists that name another subject or sender than the post", 1),
    (age_a_rendering, "bodies not rendered by this version", 1),
    (forget_the_words, "posts that a search does not find", 1),
    (forget_to_deliver, "submissions waiting for delivery", 1),
    (forget_when_it_was_moved, "posts in a trash without the time of their move", 1),
    (keep_a_draft_that_was_sent, "drafts that were sent already", 1),
]


@pytest.mark.parametrize(
    ("breaking", "subject", "count"), BREAKAGES, ids=[row[0].__name__ for row in BREAKAGES]
)
def test_what_is_broken_is_seen_and_mended(
    world, breaking: Callable[[], None], subject: str, count: int
):
    assert wrong() == {}
    breaking()

    assert wrong()[subject] == count
    printed, is_well = check()
    assert f"{count:>8}  {subject}\n" in printed
    assert "Try --repair." in printed
    assert not is_well

    printed, is_well = check(repair=True)
    assert f"{count:>8}  {subject}, {count} repaired" in printed
    assert is_well
    assert wrong() == {}
    assert check()[1]


def test_every_check_is_broken_here(world):
    # What cannot be mended, and what needs files, is broken in tests/services/test_attachments.py.
    of_files = {"attachments whose file is gone or cut short", "files that no attachment knows"}
    assert {each.subject for each in audit.audit()} == {row[1] for row in BREAKAGES} | of_files


class TestMended:
    """Mended means right again, not only quiet."""

    def mend(self, breaking: Callable[[], None]) -> None:
        breaking()
        assert check(repair=True)[1]

    def test_a_counter_gives_no_uid_twice(self, world, alice):
        self.mend(set_a_counter_back)
        services.sending.send(sender=alice, to=["crew"], subject="next")
        assert list(
            DeliveredPost.objects.filter(box=box_of("crew")).order_by("uid").values_list("uid")
        ) == [(1,), (2,), (3,), (4,)]

    def test_a_counter_made_anew_goes_on_where_the_old_one_stood(self, world):
        before = counter("crew").get()
        self.mend(drop_a_counter)
        after = counter("crew").get()
        assert after.last_uid == before.last_uid
        assert after.modseq >= before.modseq

    def test_a_member_gets_what_is_posted_from_then_on(self, world, alice, subjects):
        self.mend(add_a_member_behind_our_back)
        services.sending.send(sender=alice, to=["crew"], subject="next")
        assert subjects(staff())[0] == "next"

    def test_who_is_no_member_gets_nothing_more(self, world, alice, bob, subjects):
        self.mend(drop_a_member_behind_our_back)
        services.sending.send(sender=alice, to=["crew"], subject="next")
        assert "next" not in subjects(bob)

    def test_a_post_that_was_passed_over_arrives_once(self, world, alice, subjects):
        self.mend(skip_a_post)
        assert subjects(alice) == ["all", "s2", "s1", "s0"]

    def test_a_body_is_rendered_anew_from_what_was_written(self, world):
        self.mend(age_a_rendering)
        assert "old" not in Post.objects.get(subject="s2").body_html

    def test_a_submission_is_delivered_once(self, world, bob):
        self.mend(forget_to_deliver)
        assert DeliveredPost.objects.filter(box=box_of("bob"), subject="s2").count() == 1


def test_a_deleted_group_that_fed_another_leaves_nothing_to_mend(world, staff, crew):
    company = services.groups.create(name="company", by=staff)
    services.groups.subscribe(source=company, target=crew, by=staff)
    Group.objects.get(name="company").delete()

    assert wrong() == {}


def test_a_subscription_to_a_closed_group_is_mended(world, bob, crew):
    """As a join leaves it that was on its way while the group was deleted."""
    Group.objects.get(name="crew").delete()
    Subscription.objects.create(
        target=box_of("bob"), source=crew, start=3, watermark=3, created=timezone.now()
    )

    assert wrong() == {"subscriptions of people who are no members": 1}
    assert check(repair=True)[1]
    assert wrong() == {}
