from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import errors, selectors, services
from mail.models import DeliveredPost, Draft, Flag, Submission
from mail.selectors.selection import some, up_to


@pytest.fixture
def sent(alice, bob, charlie, crew) -> Submission:
    asked = services.sending.send(sender=bob, to=["alice"], subject="asked").post
    return services.sending.send(
        sender=alice,
        to=["BOB", "crew"],
        cc=["alice"],
        bcc=["charlie"],
        subject="oops",
        body="*x*\n",
        in_reply_to=asked.pk,
    )


def age(submission: Submission, seconds: int) -> None:
    made = submission.created - timedelta(seconds=seconds)
    Submission.objects.filter(pk=submission.pk).update(created=made)
    submission.refresh_from_db()


def test_undoing_takes_the_post_back_and_makes_a_draft_of_all_of_it(
    alice, bob, charlie, sent, subjects
):
    draft = services.sending.undo(submission=sent, by=alice)

    assert (draft.to, draft.cc, draft.bcc) == ("bob, crew", "alice", "charlie")
    assert (draft.subject, draft.body, draft.content_type) == ("oops", "*x*\n", "text/markdown")
    assert (draft.kind, draft.in_reply_to) == ("reply", sent.post.in_reply_to)
    assert list(selectors.drafts.own(alice)) == [draft]
    assert subjects(bob) == subjects(charlie) == subjects(alice, "sent") == []
    assert subjects(alice) == ["asked"]
    assert not DeliveredPost.objects.filter(post=sent.post).exists()


def test_what_was_undone_can_be_sent_again_and_undone_again(alice, bob, charlie, sent, subjects):
    again = services.drafts.send(draft=services.sending.undo(submission=sent, by=alice))
    assert again.post_id != sent.post_id
    boxes = [set(one.recipients.values_list("box_id", flat=True)) for one in (sent, again)]
    assert boxes[0] == boxes[1]
    assert subjects(charlie) == ["oops"]

    assert services.sending.undo(submission=again, by=alice).bcc == "charlie"
    assert subjects(charlie) == []


def test_undoing_twice_gives_the_same_draft_even_late(alice, sent):
    draft = services.sending.undo(submission=sent, by=alice)
    age(sent, 3600)

    assert services.sending.undo(submission=sent, by=alice) == draft
    assert Draft.objects.count() == 1


def test_an_undone_draft_that_is_no_more_is_not_made_again(alice, sent):
    services.drafts.discard(draft=services.sending.undo(submission=sent, by=alice))

    with pytest.raises(errors.NotFound):
        services.sending.undo(submission=sent, by=alice)
    assert not Draft.objects.exists()


def test_after_a_while_it_is_too_late(alice, bob, sent, subjects):
    age(sent, 29)
    assert services.sending.undo(submission=sent, by=alice).subject == "oops"
    late = services.sending.send(sender=alice, to=["bob"], subject="stays")
    age(late, 31)

    with pytest.raises(errors.UndoTooLate, match="still recall"):
        services.sending.undo(submission=late, by=alice)
    assert subjects(bob) == ["stays"]


def test_only_its_author_undoes(alice, bob, staff, sent, subjects):
    for other in (bob, staff):
        with pytest.raises(errors.UndoNotAllowed):
            services.sending.undo(submission=sent, by=other)
    assert subjects(bob) == ["oops"]


def test_a_recalled_post_is_not_undone(alice, sent):
    services.sending.recall(post=sent.post, by=alice)
    with pytest.raises(errors.NotFound):
        services.sending.undo(submission=sent, by=alice)


class TestRecallReport:
    def test_counts_other_peoples_copies_and_who_read_them(
        self, alice, bob, charlie, sent, subjects
    ):
        assert selectors.posts.recall_report(sent.post) == selectors.posts.RecallReport(
            copies=2, read=0
        )
        subjects(alice)  # her own copy through the group
        box = selectors.boxes.own_box(charlie)
        services.mailbox.store_flags(selection=up_to(box), add=[Flag.SEEN])
        services.mailbox.move(
            selection=some(box, [1]), to=selectors.boxes.own_box(charlie, "archive")
        )
        assert selectors.posts.recall_report(sent.post) == selectors.posts.RecallReport(
            copies=2, read=1
        )

        services.sending.recall(post=sent.post, by=alice)
        assert selectors.posts.recall_report(sent.post) == selectors.posts.RecallReport(
            copies=0, read=0
        )

    def test_is_one_read_by_index(self, alice, bob, fill):
        post = services.sending.send(sender=alice, to=["bob"]).post
        fill(selectors.boxes.own_box(bob), 5000)
        with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
            assert selectors.posts.recall_report(post).copies == 1
            assert len(queries) == 1
            cursor.execute("ANALYZE")
            cursor.execute(f"EXPLAIN {queries[0]['sql']}")
            assert "delivered_by_post" in str(cursor.fetchall())
