"""What people have begun to write."""

from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mail import errors, names, selectors
from mail.content import validation
from mail.models import Draft, Post, Submission, User
from mail.services import sending
from mail.services.attachments import copy_to_draft


def save(
    *,
    owner: User,
    draft_id: UUID | None = None,
    version: int | None = None,
    to: str = "",
    cc: str = "",
    bcc: str = "",
    subject: str = "",
    body: str = "",
    content_type: str = Post.ContentType.MARKDOWN,
    kind: str = Draft.Kind.NEW,
    in_reply_to: UUID | None = None,
) -> Draft:
    """Store a draft as typed: a new one without a version, else the next one after `version`.

    Saving the same again changes nothing. Raises NotFound for a draft that is another person's,
    was sent or was discarded; DraftChanged, with nothing overwritten, when it was saved elsewhere
    since `version`; InvalidInput, with the field, for what cannot be stored.
    """
    texts = {"to": to, "cc": cc, "bcc": bcc, "subject": subject, "body": body}
    _check_texts(texts)
    given: dict[str, object] = {
        **texts,
        "content_type": validation.content_type(content_type),
        "kind": _checked_kind(kind),
        "in_reply_to": in_reply_to,
    }
    if draft_id is None or version is None:
        draft_id = _insert(owner, draft_id, given)
    else:
        # What is the same already is left as it is, so that a repeated save is not a change.
        mine = Draft.objects.filter(pk=draft_id, owner=owner, version=version).exclude(**given)
        mine.update(**given, version=F("version") + 1, updated=timezone.now())
    draft = selectors.drafts.own_draft(owner, draft_id)
    if any(getattr(draft, field) != value for field, value in given.items()):
        raise errors.DraftChanged
    return draft


def _check_texts(texts: dict[str, str]) -> None:
    for field, text in texts.items():
        validation.text(text, field=field)
    sizes = {field: len(text.encode()) for field, text in texts.items()}
    if (size := sum(sizes.values())) > Draft.MAX_SIZE:
        largest = max(sizes, key=lambda field: sizes[field])
        raise errors.DraftTooLarge(field=largest, size=size, limit=Draft.MAX_SIZE)


def _checked_kind(kind: str) -> str:
    if kind not in Draft.Kind.values:
        raise errors.DraftKindInvalid(given=kind[:60])
    return kind


def _insert(owner: User, draft_id: UUID | None, given: dict[str, object]) -> UUID:
    """Insert a draft unless its id is there already; raises NotFound for one that was sent."""
    draft = Draft(owner=owner, updated=timezone.now(), **given)
    if draft_id is not None:
        draft.pk = draft_id
        # A save that was still on its way when the draft was sent does not bring it back.
        if Submission.objects.filter(sender=owner, idempotency_key=draft.key).exists():
            raise errors.NotFound
    forwards = draft.kind == Draft.Kind.FORWARD
    forwarded = _readable(owner, draft.in_reply_to) if forwards else None
    with transaction.atomic():
        Draft.objects.bulk_create([draft], ignore_conflicts=True)
        # Not one that was there already, or is somebody else's.
        made = Draft.objects.filter(pk=draft.pk, owner=owner, updated=draft.updated)
        if forwarded is not None and made.exists():
            copy_to_draft(post_id=forwarded, draft=draft)
    return draft.id


def discard(*, draft: Draft) -> None:
    """Delete a draft; once it is gone, that is no error. What is saved anew has its files again."""
    Draft.objects.filter(pk=draft.pk).delete()


def send(*, draft: Draft) -> Submission:
    """Send a draft, and delete it once that is accepted; doing so twice sends once.

    Raises what `send` raises, and then the draft stays; so does a version that was saved
    meanwhile. What it answers or forwards is let go of when it is not there to be read any more.
    """
    referred = _readable(draft.owner, draft.in_reply_to)
    forwards = draft.kind == Draft.Kind.FORWARD
    submission = sending.send(
        sender=draft.owner,
        to=names.split(draft.to),
        cc=names.split(draft.cc),
        bcc=names.split(draft.bcc),
        subject=draft.subject,
        body=draft.body,
        content_type=draft.content_type,
        in_reply_to=None if forwards else referred,
        forwarded=referred if forwards else None,
        idempotency_key=draft.key,
        draft=draft,
    )
    Draft.objects.filter(pk=draft.pk, owner=draft.owner, version=draft.version).delete()
    return submission


def _readable(user: User, post_id: UUID | None) -> UUID | None:
    if post_id is None:
        return None
    try:
        return selectors.posts.readable_post(user, post_id).pk
    except errors.NotFound:
        return None
