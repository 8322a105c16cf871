"""From a written post to a delivered submission, and back: recall and undo."""

import hashlib
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import Error, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from mail import db, errors, names, policies, selectors
from mail.content import markdown, validation
from mail.delivery import insert, mailbox, outbox
from mail.delivery.recall import take_back
from mail.models import Box, DeliveredPost, Draft, Flag, Post, Recall, Submission, User
from mail.search import index
from mail.services.attachments import move_to_draft, move_to_post

logger = logging.getLogger(__name__)


MAX_RECIPIENTS = 20_000


KEYS_KEPT = timedelta(hours=24)


MAX_KEY = 255  # characters


def send(
    *,
    sender: User,
    to: Sequence[str] = (),
    subject: str = "",
    body: str = "",
    content_type: str = Post.ContentType.MARKDOWN,
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    in_reply_to: UUID | None = None,
    forwarded: UUID | None = None,
    idempotency_key: str | None = None,
    draft: Draft | None = None,
) -> Submission:
    """Send a post to people, groups or everyone, named in any mixture.

    What is accepted is safe: it is committed before the delivery starts, and `deliver_pending`
    finishes what a crash leaves. The same idempotency key of a sender sends once within 24
    hours. The sender's copies of the post that this answers or forwards are marked as such.
    What a draft of the sender's carries goes along.
    Raises InvalidInput, with the field, NotAllowed, or KeyReused for a key that sent something
    else, before anything is stored.
    """
    key = _checked_key(idempotency_key)
    content = ""
    if key is not None:
        told = [subject, body, content_type, in_reply_to, *([*given] for given in (to, cc, bcc))]
        content = fingerprint(*told, *([] if forwarded is None else [forwarded]))
        # Before anything else: what was sent is sent, whoever may have gone meanwhile.
        if (earlier := _sent_before(sender, key, content)) is not None:
            return earlier
    addressees = resolve(sender=sender, to=to, cc=cc, bcc=bcc)
    _check_forwarded(sender, forwarded)
    post = compose(
        sender=sender,
        subject=subject,
        body=body,
        content_type=content_type,
        to=[box.name for box in addressees.to],
        cc=[box.name for box in addressees.cc],
        in_reply_to=in_reply_to,
    )
    submission = db.retried(lambda: _accept(post, sender, addressees, key, content, draft))
    if submission.state == Submission.State.ACCEPTED:
        _attempt(submission)
    _mark(sender, in_reply_to, Flag.ANSWERED.value)
    _mark(sender, forwarded, Flag.FORWARDED.value)
    return submission


def _attempt(submission: Submission) -> None:
    """Deliver what was accepted; what cannot be delivered now stays due.

    Its sender must not be told that it failed: they would send it again.
    """
    try:
        outbox.finish(submission)
    except Error:
        logger.exception("Submission %s was accepted and is delivered later", submission.pk)


def _check_forwarded(sender: User, post_id: UUID | None) -> None:
    if post_id is None:
        return
    try:
        selectors.posts.readable_post(sender, post_id)
    except errors.NotFound:
        raise errors.ForwardedUnknown from None


def _mark(sender: User, post_id: UUID | None, flag: str) -> None:
    """Mark what was answered or forwarded: a courtesy, which must not undo what was accepted."""
    if post_id is None:
        return
    try:
        db.retried(lambda: mailbox.store_flags_of_copies(sender.pk, post_id, add=[flag]))
    except Error:
        logger.exception("A post that was answered or forwarded could not be marked")


class Addressees(NamedTuple):
    to: list[Box]
    cc: list[Box]
    bcc: list[Box]

    @property
    def box_ids(self) -> list[int]:
        return sorted({box.pk for boxes in self for box in boxes})


def resolve(
    *, sender: User, to: Sequence[str], cc: Sequence[str] = (), bcc: Sequence[str] = ()
) -> Addressees:
    """The boxes that these names stand for, each once; all must exist and be allowed.

    Raises NoRecipients, TooManyRecipients, UnknownRecipient, RecipientInactive or NotAllowed.
    """
    fields = {"to": to, "cc": cc, "bcc": bcc}
    wanted = [name for given in fields.values() for name in given]
    if not wanted:
        raise errors.NoRecipients
    if len(wanted) > MAX_RECIPIENTS:
        raise errors.TooManyRecipients(count=len(wanted), limit=MAX_RECIPIENTS)
    folded = {name: names.fold(name) for name in wanted}
    found = Box.objects.addressable().folded_any(set(folded.values())).select_related("owner")
    boxes = {names.fold(box.name): box for box in found}
    for field, given in fields.items():
        if unknown := [name for name in given if folded[name] not in boxes]:
            raise errors.UnknownRecipient(names=unknown[:10], field=field)
    chosen = {
        field: list({folded[name]: boxes[folded[name]] for name in given}.values())
        for field, given in fields.items()
    }
    for field, given_boxes in chosen.items():
        _check_active(given_boxes, field)
    policies.check_posting(sender, boxes.values())
    return Addressees(**chosen)


def _check_active(boxes: Sequence[Box], field: str) -> None:
    """Raises RecipientInactive with the first people whose account was deactivated."""
    gone = [box.name for box in boxes if box.owner is not None and not box.owner.is_active]
    if gone:
        raise errors.RecipientInactive(names=gone[:10], field=field)


def compose(
    *,
    sender: User,
    subject: str,
    body: str,
    content_type: str,
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    in_reply_to: UUID | None = None,
) -> Post:
    """A checked and rendered post that is not stored yet; raises InvalidInput."""
    post = Post(
        sender=sender,
        sender_name=sender.username,
        created=timezone.now(),
        subject=validation.subject(subject),
        content_type=validation.content_type(content_type),
        body=validation.body(body),
        in_reply_to=in_reply_to,
        to=list(to),
        cc=list(cc),
    )
    post.thread = post.pk if in_reply_to is None else _thread_of(sender, in_reply_to)
    render(post=post)
    return post


def render(*, post: Post) -> None:
    """Fill in what follows from a post's body, without storing it."""
    made = markdown.rendered(post.body, content_type=post.content_type, key=str(post.pk))
    post.body_html, post.snippet = made.html, made.snippet
    post.renderer = markdown.RENDERER_VERSION


def _thread_of(sender: User, post_id: UUID) -> UUID:
    try:
        return selectors.posts.readable_post(sender, post_id).thread
    except errors.NotFound:
        raise errors.RepliedToUnknown from None


def _checked_key(key: str | None) -> str | None:
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isprintable()):
        raise errors.KeyInvalid(limit=MAX_KEY)
    return key


def fingerprint(*content: object) -> str:
    """What makes two requests the same: all that was given, to the letter."""
    return hashlib.sha256(repr([str(part) for part in content]).encode()).hexdigest()


def _sent_before(sender: User, key: str, content: str) -> Submission | None:
    """What the key sent within its time; raises KeyReused if that was something else."""
    used = Submission.objects.filter(sender=sender, idempotency_key=key)
    kept = used.filter(created__gt=timezone.now() - KEYS_KEPT)
    earlier = kept.select_related("post").first()
    if earlier is not None and earlier.fingerprint != content:
        raise errors.KeyReused
    return earlier


def keep_answer(*, submission: Submission, answer: dict[str, Any]) -> None:
    """Keep what was answered to a request with a key: its repetition is answered alike."""
    Submission.objects.filter(pk=submission.pk, answer__isnull=True).update(answer=answer)


def _accept(
    post: Post,
    sender: User,
    addressees: Addressees,
    key: str | None,
    content: str,
    draft: Draft | None,
) -> Submission:
    sent_box = selectors.boxes.own_box(sender, "sent")
    vector = index.vector_of(post)
    try:
        with transaction.atomic(durable=True):
            _forget_old(sender, key)
            post.save(force_insert=True)
            if draft is not None:
                move_to_post(draft_id=draft.pk, owner_id=sender.pk, post_id=post.pk)
                if files := index.names_of_files([post.pk]):
                    vector = index.vector_of(post, files[post.pk])
            index.add({post.pk: vector})
            submission = Submission(
                post=post,
                sender=sender,
                sent_box=sent_box.pk,
                send_at=post.created,
                idempotency_key=key,
                fingerprint=content,
            )
            outbox.accept(submission, addressees.box_ids)
            return submission
    except IntegrityError:
        # The key was used before, or a lost connection hid that this very post was accepted.
        same = Q(post_id=post.pk)
        if key is not None:
            same |= Q(sender=sender, idempotency_key=key)
        if (earlier := Submission.objects.filter(same).select_related("post").first()) is None:
            raise
        if earlier.fingerprint != content:
            raise errors.KeyReused from None
        return earlier


def _forget_old(sender: User, key: str | None) -> None:
    if key is not None:
        used = Submission.objects.filter(sender=sender, idempotency_key=key)
        old = used.filter(created__lt=timezone.now() - KEYS_KEPT)
        old.update(idempotency_key=None, answer=None)


def store(
    *,
    sender: User,
    subject: str = "",
    body: str = "",
    content_type: str = Post.ContentType.MARKDOWN,
    in_reply_to: UUID | None = None,
) -> Post:
    """Store a post without delivering it; raises InvalidInput, with the field."""
    post = compose(
        sender=sender,
        subject=subject,
        body=body,
        content_type=content_type,
        in_reply_to=in_reply_to,
    )
    vector = index.vector_of(post)
    with transaction.atomic():
        # Until somebody is delivered it, nothing refers to it: the reaper looks at it in time.
        post.orphaned = post.created
        post.save(force_insert=True)
        index.add({post.pk: vector})
    return post


def deliver_pending(*, limit: int = 1000) -> list[Submission]:
    """Try to deliver what was accepted and is still due, oldest first; return what was tried."""
    due = selectors.submissions.due(timezone.now())[:limit]
    for submission in (found := list(due)):
        _attempt(submission)
    return found


def deliver(*, post: Post, box: Box, by: User) -> DeliveredPost:
    """Deliver a post that its author has stored already to one more box.

    Raises NotFound unless `by` wrote it, NotAllowed by the box's policy, RecipientInactive,
    AlreadyDelivered.
    """
    if post.sender_id != by.pk or post.recalled:
        raise errors.NotFound
    _check_active([box], "box")
    policies.check_posting(by, [box])
    row = insert.Delivery(post.pk, post.thread, post.subject, post.sender_name, [box.pk])
    if not (rows := db.retried(lambda: insert.insert([row]))):
        raise errors.AlreadyDelivered(name=box.name)
    outbox.withdraw_if_recalled(post)
    delivered = DeliveredPost.objects.filter(box=box, uid=rows[0].uid).first()
    if delivered is None:  # recalled meanwhile
        raise errors.NotFound
    return delivered


def recall(*, post: Post, by: User) -> int:
    """Hide a post everywhere at once, then remove it from every box; says from how many.

    Raises RecallNotAllowed.
    """
    policies.check_recalling(post, by)
    db.retried(lambda: _hide(post))
    return take_back(post.pk)


@transaction.atomic
def _hide(post: Post) -> None:
    """Mark a post as recalled: from the commit on no list shows it, whatever is being copied."""
    if not Post.objects.filter(pk=post.pk, recalled=None).update(recalled=timezone.now()):
        return
    Recall.objects.bulk_create([Recall(post=post)], ignore_conflicts=True)
    outbox.withdraw(post.pk)


def finish_recalls() -> int:
    """Finish recalls that were cut short, or came while others were writing; return how many."""
    pending = list(Recall.objects.order_by("created").values_list("post_id", flat=True))
    for post_id in pending:
        take_back(post_id)
    return len(pending) - Recall.objects.filter(pk__in=pending).count()


UNDO_FOR = timedelta(seconds=30)


def undo(*, submission: Submission, by: User) -> Draft:
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
        db.retried(lambda: mailbox.store_flags_of_copies(by.pk, post_id, remove=[flag]))


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
    found = selectors.submissions.recipients(submission)
    return sorted(row.name for row in found if row.name and names.fold(row.name) not in shown)
