"""From an accepted submission to delivered posts: box by box, none of which stops the others."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import Error, connection
from django.db.models import F
from django.utils import timezone

from mail.db import BATCH, retried
from mail.delivery.group_commit import insert_together
from mail.delivery.insert import Delivery
from mail.delivery.recall import take_back
from mail.models import BoxCounter, Post, Submission, SubmissionRecipient

_State, _Code = SubmissionRecipient.State, SubmissionRecipient.Code


class _Failure(NamedTuple):
    """Why a box was not delivered to."""

    code: SubmissionRecipient.Code
    detail: str = ""


def accept(submission: Submission, box_ids: Sequence[int]) -> None:
    """Store a submission with its recipients, all of them due; its sent box is one more."""
    submission.save(force_insert=True)
    SubmissionRecipient.objects.bulk_create(
        SubmissionRecipient(
            submission=submission, box_id=box_id, next_attempt_at=submission.send_at
        )
        for box_id in [*_own(submission), *box_ids]
    )


def finish(submission: Submission) -> None:
    """Deliver to every recipient that is pending; what fails is noted with its error.

    Doing it again, or twice at once, delivers nothing twice.
    """
    try:
        own = _own(submission)
        pending = submission.recipients.filter(state=_State.PENDING)
        boxes = sorted(pending.values_list("box_id", flat=True))
        failed: dict[int, _Failure] = {}
        for start in range(0, len(boxes), BATCH):
            failed |= _deliver(submission.post, boxes[start : start + BATCH], own)
        retried(lambda: _note(submission, failed))
    finally:  # also when a lost connection ended it half-way
        retried(lambda: withdraw_if_recalled(submission.post))


def _own(submission: Submission) -> Sequence[int]:
    """Return the box of the sender's own copy, which may fail like any other."""
    return () if submission.sent_box is None else (submission.sent_box,)


def _deliver(post: Post, box_ids: Sequence[int], own: Sequence[int]) -> dict[int, _Failure]:
    """Deliver to boxes, the failing ones singled out by halving; return which failed and why."""
    delivery = Delivery(post.pk, post.thread, post.subject, post.sender_name, box_ids, own)
    shared = [box_id for box_id in box_ids if box_id not in own]
    try:
        rows = insert_together(delivery, shared)
    except Error as error:
        if len(box_ids) == 1:
            return {box_ids[0]: _Failure(_Code.UNAVAILABLE, str(error).strip())}
        half = len(box_ids) // 2
        return _deliver(post, box_ids[:half], own) | _deliver(post, box_ids[half:], own)
    return _gone(set(shared) - {row.box_id for row in rows})


def _gone(box_ids: set[int]) -> dict[int, _Failure]:
    """Of the boxes that took nothing, return those that are gone; the others had the post."""
    if not box_ids:
        return {}
    there = BoxCounter.objects.filter(pk__in=box_ids).values_list("pk", flat=True)
    return dict.fromkeys(box_ids.difference(there), _Failure(_Code.GONE))


# The state of a submission follows from its recipients.
_NOTED = """
UPDATE mail_submission s SET attempts = s.attempts + 1, state = CASE
    WHEN EXISTS (SELECT FROM mail_submissionrecipient r
                 WHERE r.submission_id = s.id AND r.state = 'pending') THEN 'accepted'
    WHEN EXISTS (SELECT FROM mail_submissionrecipient r
                 WHERE r.submission_id = s.id AND r.state = 'failed') THEN 'failed'
    ELSE 'delivered' END
WHERE s.id = %s RETURNING s.attempts, s.state
"""


def _note(submission: Submission, failed: Mapping[int, _Failure]) -> None:
    """Store what came of an attempt; only a box that is gone is given up."""
    pending = submission.recipients.filter(state=_State.PENDING)
    for failure in set(failed.values()):
        boxes = [box_id for box_id, its in failed.items() if its == failure]
        gone = failure.code == _Code.GONE
        pending.filter(box_id__in=boxes).update(
            state=_State.FAILED if gone else _State.PENDING,
            attempts=F("attempts") + 1,
            next_attempt_at=None if gone else timezone.now(),
            code=failure.code,
            detail=failure.detail,
        )
    pending.exclude(box_id__in=failed).update(
        state=_State.DELIVERED,
        attempts=F("attempts") + 1,
        next_attempt_at=None,
        code="",
        detail="",
    )
    with connection.cursor() as cursor:
        cursor.execute(_NOTED, [submission.pk])
        if row := cursor.fetchone():
            submission.attempts, submission.state = row


def withdraw(post_id: UUID) -> None:
    """Try no longer to deliver a post: it was recalled."""
    pending = SubmissionRecipient.objects.filter(submission__post=post_id, state=_State.PENDING)
    pending.update(state=_State.WITHDRAWN, next_attempt_at=None)
    Submission.objects.filter(post=post_id, state=Submission.State.ACCEPTED).update(
        state=Submission.State.DELIVERED
    )


def withdraw_if_recalled(post: Post) -> None:
    """Take a post out again where it was recalled while it was delivered."""
    if Post.objects.filter(pk=post.pk).exclude(recalled=None).exists():
        take_back(post.pk)
