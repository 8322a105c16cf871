"""Submissions, and what came of each recipient."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from mail import errors
from mail.models import Box, Submission, SubmissionRecipient, User


def own(user: User) -> QuerySet[Submission]:
    """Return what a person sent, newest first."""
    return Submission.objects.filter(sender=user).order_by("-pk")


def own_submission(user: User, submission_id: int) -> Submission:
    """Return one submission of a person with its post; raises NotFound."""
    if not 0 <= submission_id < 2**63:
        raise errors.NotFound
    row = own(user).filter(pk=submission_id).select_related("post").first()
    if row is None:
        raise errors.NotFound
    return row


def due(now: datetime) -> QuerySet[Submission]:
    """Return what is due to be delivered at a time, with the posts, oldest first."""
    pending = SubmissionRecipient.objects.filter(
        state=SubmissionRecipient.State.PENDING, next_attempt_at__lte=now
    )
    ids = pending.values("submission_id")
    return Submission.objects.filter(pk__in=ids).select_related("post").order_by("pk")


def addressed(submission: Submission) -> QuerySet[SubmissionRecipient]:
    """Return the recipients that it was written to: all but the sender's own copy."""
    rows = submission.recipients.order_by("box_id")
    own = submission.sent_box
    return rows if own is None else rows.exclude(box_id=own)


class Recipient(NamedTuple):
    """A box that a submission goes to."""

    name: str  # empty: the box is gone
    state: SubmissionRecipient.State
    attempts: int
    next_attempt_at: datetime | None
    code: str
    error: str  # as a sentence


def recipients(submission: Submission) -> list[Recipient]:
    """Return what came of each recipient that it was written to: two reads."""
    rows = list(addressed(submission))
    names = dict(Box.objects.filter(pk__in=[row.box_id for row in rows]).values_list("pk", "name"))
    return [
        Recipient(
            name=names.get(row.box_id, ""),
            state=SubmissionRecipient.State(row.state),
            attempts=row.attempts,
            next_attempt_at=row.next_attempt_at,
            code=row.code,
            error=row.get_code_display() if row.code else "",
        )
        for row in rows
    ]
