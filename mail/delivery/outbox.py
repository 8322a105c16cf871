"""From an accepted submission to delivered posts: box by box, none of which stops the others."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import Error
from django.utils import timezone
from django.utils.translation import gettext as _

from mail.db import BATCH, retried
from mail.delivery.group_commit import insert_together
from mail.delivery.insert import Delivery
from mail.delivery.recall import take_back
from mail.models import BoxCounter, Post, Submission


class _Failure(NamedTuple):
    """Why a box was not delivered to; one that is not final is tried again."""

    error: str
    is_final: bool


def finish(submission: Submission) -> None:
    """Deliver to every recipient that lacks the post; what fails is set aside with its error.

    Doing it again, or twice at once, delivers nothing twice.
    """
    try:
        _finish(submission)
    finally:  # also when a lost connection ended it half-way
        retried(lambda: withdraw_if_recalled(submission.post))


def _finish(submission: Submission) -> None:
    # The sender's own copy is one more box, which may fail like any other.
    own = () if submission.sent_box is None else (submission.sent_box,)
    boxes = [*own, *submission.recipients]
    failed: dict[int, _Failure] = {}
    for start in range(0, len(boxes), BATCH):
        failed |= _deliver(submission.post, boxes[start : start + BATCH], own)
    submission.attempts += 1
    submission.errors = {str(box_id): error for box_id, (error, _final) in failed.items()}
    submission.last_error = next(iter(submission.errors.values()), "")
    if all(final for _error, final in failed.values()):
        submission.state = Submission.State.FAILED if failed else Submission.State.DELIVERED
        submission.next_attempt_at = None
    else:  # whatever it was, it may pass: the submission stays due
        submission.next_attempt_at = timezone.now()
    submission.save(update_fields=["attempts", "state", "errors", "last_error", "next_attempt_at"])


def withdraw_if_recalled(post: Post) -> None:
    """Take a post out again where it was recalled while it was delivered."""
    if Post.objects.filter(pk=post.pk).exclude(recalled=None).exists():
        take_back(post.pk)


def _deliver(post: Post, box_ids: Sequence[int], own: Sequence[int]) -> dict[int, _Failure]:
    """Deliver to boxes, the failing ones singled out by halving; return which failed and why."""
    delivery = Delivery(post.pk, post.thread, post.subject, post.sender_name, box_ids, own)
    shared = [box_id for box_id in box_ids if box_id not in own]
    try:
        rows = insert_together(delivery, shared)
    except Error as error:
        if len(box_ids) == 1:
            said = f"{timezone.now():%Y-%m-%dT%H:%M:%SZ} {error}".strip()
            return {box_ids[0]: _Failure(said, is_final=False)}
        half = len(box_ids) // 2
        return _deliver(post, box_ids[:half], own) | _deliver(post, box_ids[half:], own)
    return _gone(set(shared) - {row.box_id for row in rows})


def _gone(box_ids: set[int]) -> dict[int, _Failure]:
    """Of the boxes that took nothing, those that are no more; the others had the post already."""
    if not box_ids:
        return {}
    there = BoxCounter.objects.filter(pk__in=box_ids).values_list("pk", flat=True)
    gone = _Failure(_("There is no such box any more."), is_final=True)
    return dict.fromkeys(box_ids.difference(there), gone)
