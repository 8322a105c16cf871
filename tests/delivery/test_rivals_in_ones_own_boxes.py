"""Two windows of one person, and jobs at night, at the same moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db.models import F

from mail import db, errors, selectors, services
from mail.models import (
    DeliveredPost,
    Draft,
    Flag,
    Post,
    Submission,
    Subscription,
    User,
    new_post_id,
)
from mail.selectors.selection import some, up_to
from mail.services import audit

from .support import Rival, another_connection, found, held, until_waiting

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def locked(table: str, pk: object) -> Iterator[None]:
    """One row, locked by somebody else until the block ends."""
    with another_connection() as other, other.transaction():
        other.execute(f"SELECT FROM {table} WHERE id = %s FOR UPDATE".encode(), [pk])
        yield


def outcome(rival: Rival[Draft]) -> str:
    try:
        return rival.result().subject
    except errors.DraftChanged:
        return "refused"


def wrong() -> dict[str, int]:
    """What the audit finds, but for bodies: what a box was filled with has none."""
    services.upkeep.index_posts()  # nor is it found by its words yet
    found = {finding.subject: finding.wrong for finding in audit.audit() if finding.wrong}
    found.pop("bodies not rendered by this version", None)
    return found


def test_of_two_windows_that_save_at_once_one_is_refused(alice):
    draft = services.drafts.save(owner=alice, subject="first")

    def saving(subject: str):
        given = {"owner": alice, "draft_id": draft.pk, "version": 1}
        return lambda: services.drafts.save(**given, subject=subject)

    with locked("mail_draft", draft.pk):
        rivals = [Rival(saving(subject)) for subject in ("left", "right")]
        until_waiting(2)
    outcomes = [outcome(rival) for rival in rivals]

    stored = Draft.objects.get()
    assert sorted(outcomes) == sorted([stored.subject, "refused"])
    assert stored.version == 2


def test_a_first_save_that_comes_twice_at_once_makes_one_draft(alice):
    draft_id = new_post_id()

    def saving() -> Draft:
        return services.drafts.save(owner=alice, draft_id=draft_id, subject="same")

    rivals = [Rival(saving) for _ in range(4)]
    assert {rival.result().pk for rival in rivals} == {draft_id}
    assert Draft.objects.get().version == 1


def test_a_draft_that_is_sent_twice_at_once_is_sent_once(alice, bob):
    draft = services.drafts.save(owner=alice, to="bob", subject="once")
    with held(selectors.boxes.own_box(bob)):
        rivals = [Rival(lambda: services.drafts.send(draft=draft)) for _ in range(2)]
        until_waiting(1)
    assert len({rival.result().pk for rival in rivals}) == 1

    assert found(bob) == ["once"]
    assert not Draft.objects.exists()


def test_undoing_twice_at_once_makes_one_draft(alice, bob):
    sent = services.sending.send(sender=alice, to=["bob"], subject="oops")

    def undoing() -> Draft:
        submission = Submission.objects.get(pk=sent.pk)
        return services.sending.undo(submission=submission, by=User.objects.get(pk=alice.pk))

    with locked("mail_post", sent.post_id):
        rivals = [Rival(undoing) for _ in range(2)]
        until_waiting(2)
    assert len({rival.result().pk for rival in rivals}) == 1

    assert Draft.objects.get().subject == "oops"
    assert found(bob) == found(alice, "sent") == []


def test_undoing_what_is_still_being_delivered_leaves_no_copy(alice, bob):
    with held(selectors.boxes.own_box(bob)):
        sending = Rival(lambda: services.sending.send(sender=alice, to=["bob"], subject="oops"))
        until_waiting(1)
        sent = Submission.objects.get()
        undoing = Rival(lambda: services.sending.undo(submission=sent, by=alice))
        undoing.result()
    sending.result()

    assert found(bob) == found(alice, "sent") == []
    assert Post.objects.get().recalled
    assert wrong() == {}


class TestMovingAllThatWasSeen:
    def test_leaves_what_arrives_meanwhile(self, alice, bob, fill):
        box, archive = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "archive")
        fill(box, 3)
        with held(archive):
            moving = Rival(lambda: services.mailbox.move(selection=up_to(box, 3), to=archive))
            until_waiting(1)
            sending = Rival(lambda: services.sending.send(sender=alice, to=["bob"], subject="late"))
            until_waiting(2)
        sending.result()

        assert sum(map(len, moving.result())) == 3
        assert (found(bob), found(bob, "archive")) == (["late"], ["f0", "f1", "f2"])

    def test_twice_at_once_moves_each_once(self, bob, fill):
        box, archive = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "archive")
        fill(box, db.BATCH + 10)
        rivals = [
            Rival(lambda: services.mailbox.move(selection=up_to(box, 10**9), to=archive))
            for _ in range(2)
        ]

        assert sum(len(moved) for rival in rivals for moved in rival.result()) == db.BATCH + 10
        assert len(set(found(bob, "archive"))) == db.BATCH + 10
        assert wrong() == {}


def test_what_is_taken_out_of_the_trash_while_it_is_emptied_is_kept(alice, bob, fill):
    box, trash = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "trash")
    fill(box, 2)
    services.mailbox.trash(selection=some(box, [1, 2]), owner=bob)
    DeliveredPost.objects.filter(box=trash).update(moved=F("moved") - timedelta(days=31))
    with held(trash):
        restoring = Rival(lambda: services.mailbox.move(selection=some(trash, [1]), to=box))
        until_waiting(1)
        purging = Rival(services.upkeep.purge_trash)
        until_waiting(2)

    assert len(restoring.result()) == 1
    assert purging.result() == 1
    assert (found(bob), found(bob, "trash")) == (["f0"], [])
    assert wrong() == {}


def test_marks_in_two_windows_at_once_are_both_there(alice, bob):
    post = services.sending.send(sender=alice, to=["bob"]).post
    box = selectors.boxes.own_box(bob)
    with held(box):
        flagging = Rival(
            lambda: services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.FLAGGED])
        )
        answering = Rival(
            lambda: services.sending.send(sender=bob, to=["alice"], in_reply_to=post.pk)
        )
        until_waiting(2)
    flagging.result()
    answering.result()

    assert set(DeliveredPost.objects.get(box=box).flags or ()) == {"\\Flagged", "\\Answered"}


class TestJoiningAndLeaving:
    def test_at_once_leaves_nobody_a_member_who_receives_nothing(self, alice, bob, crew):
        """Somebody who joins again while a second request to leave is decided stays subscribed."""
        box = selectors.boxes.own_box(bob)
        services.memberships.leave(box=crew, user=bob, by=bob)
        with held(box):
            joining = Rival(lambda: services.memberships.join(box=crew, user=bob, by=bob))
            until_waiting(1)
            leaving = Rival(
                lambda: services.memberships.members_left(group_id=crew.group_id, user_ids=[bob.pk])
            )
            until_waiting(2)
        joining.result()
        leaving.result()

        services.sending.send(sender=alice, to=["crew"], subject="for members")
        services.mailbox.sync(box=box)
        assert found(bob) == ["for members"]
        assert wrong() == {}

    def test_joining_helps_a_member_who_receives_nothing(self, alice, bob, crew):
        box = selectors.boxes.own_box(bob)
        Subscription.objects.filter(source=crew, target=box).delete()

        services.memberships.join(box=crew, user=bob, by=bob)

        services.sending.send(sender=alice, to=["crew"], subject="again")
        services.mailbox.sync(box=box)
        assert found(bob) == ["again"]
