"""Taking a post back a moment after it was sent, to write on."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from mail import db, errors, names, selectors
from mail.delivery import mailbox
from mail.models import Draft, Flag, Post, Submission, User
from mail.services.attachments import move_to_draft
from mail.services.posts import recall

UNDO_FOR = timedelta(seconds=30)


def undo_send(*, submission: Submission, by: User) -> Draft:
    """Recall what was sent a moment ago and make a draft of it; undoing twice gives the same one.

    Raises UndoNotAllowed unless `by` sent it, UndoTooLate, or NotFound when the post was recalled
    otherwise, or its draft is no more.
    """
    if submission.sender_id != by.pk:
        raise errors.UndoNotAllowed
    post = submission.post
    if (draft := _made_before(post, by)) is None:
        if timezone.now() - submission.created > UNDO_FOR:
            raise errors.UndoTooLate(seconds=UNDO_FOR.seconds)
        draft = db.retried(lambda: _take_back(submission, by))
    recall(post=post, by=by)  # once more, if a crash came between the two
    _take_answered_back(post, by)
    return draft


def _made_before(post: Post, by: User) -> Draft | None:
    return Draft.objects.filter(owner=by, undone=post.pk).first()


def _take_answered_back(post: Post, by: User) -> None:
    """What was answered by this post only is not answered any more."""
    if post.in_reply_to is None:
        return
    answers = Post.objects.filter(thread=post.thread, in_reply_to=post.in_reply_to, sender=by)
    if not answers.filter(recalled=None).exists():
        flag, post_id = Flag.ANSWERED.value, post.in_reply_to
        db.retried(lambda: mailbox.flag_copies(by.pk, post_id, flag, on=False))


@transaction.atomic
def _take_back(submission: Submission, by: User) -> Draft:
    """Hide a post and make its draft, both or none."""
    post = submission.post
    if not Post.objects.filter(pk=post.pk, recalled=None).update(recalled=timezone.now()):
        if (draft := _made_before(post, by)) is None:
            raise errors.NotFound
        return draft
    draft = Draft.objects.create(
        owner=by,
        undone=post.pk,
        to=", ".join(post.to),
        cc=", ".join(post.cc),
        bcc=", ".join(_bcc(submission)),
        subject=post.subject,
        body=post.body,
        content_type=post.content_type,
        kind=Draft.Kind.REPLY if post.in_reply_to else Draft.Kind.NEW,
        in_reply_to=post.in_reply_to,
        updated=timezone.now(),
    )
    move_to_draft(post_id=post.pk, draft_id=draft.pk)
    return draft


def _bcc(submission: Submission) -> list[str]:
    """Whoever got the post and is not named on it: kept nowhere else."""
    shown = {names.fold(name) for name in [*submission.post.to, *submission.post.cc]}
    found = selectors.names_of(set(submission.recipients)).values()
    return sorted(name for name in found if names.fold(name) not in shown)
