"""Files that drafts carry, and posts after them: rows move, bytes stay where they are."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce
from django.template.defaultfilters import filesizeformat

from mail import db, errors
from mail.models import Attachment, Blob, Draft, Submission
from mail.storage import blobs, file_types

# Also how long an upload may take between the storage and its row, and a backup of the files.
FILES_KEPT = timedelta(days=1)


def attach(
    *,
    draft: Draft,
    file: blobs.Readable,
    name: str,
    content_type: str = file_types.UNKNOWN,
    size: int | None = None,
) -> Attachment:
    """Read a file to its end and attach it to a draft; of a content that is here, only a row.

    With `size`, as many bytes must come. Raises InvalidInput, with the field, for what is refused,
    NotFound for a draft that was sent or discarded meanwhile, StorageFailed.
    """
    name = file_types.checked_name(name)
    too_large = errors.AttachmentTooLarge(
        name=name, limit=filesizeformat(settings.ATTACHMENT_MAX_SIZE)
    )
    if size is not None and size > settings.ATTACHMENT_MAX_SIZE:
        raise too_large
    _check_room(draft, name, size or 0)  # before all of it is read
    received = blobs.receive(
        file, name=name, limit=settings.ATTACHMENT_MAX_SIZE, too_large=too_large
    )
    with received.file:
        if size is not None and received.size != size:
            raise errors.UploadIncomplete(name=name, received=received.size, size=size)
        kind = received.image_type or file_types.media_type(content_type)
        attachment = Attachment(owner=draft.owner, name=name, content_type=kind)
        return _stored(draft, attachment, received)


def _check_room(draft: Draft, name: str, size: int) -> None:
    """Raises TooManyAttachments or AttachmentsTooLarge if one more does not fit."""
    there = Attachment.objects.filter(draft=draft).aggregate(
        number=Count("pk"),
        size=Coalesce(Sum("blob__size"), 0, output_field=models.BigIntegerField()),
    )
    if there["number"] >= settings.ATTACHMENTS_MAX_NUMBER:
        raise errors.TooManyAttachments(name=name, limit=settings.ATTACHMENTS_MAX_NUMBER)
    if there["size"] + size > settings.ATTACHMENTS_MAX_SIZE:
        limit = filesizeformat(settings.ATTACHMENTS_MAX_SIZE)
        raise errors.AttachmentsTooLarge(name=name, limit=limit)


def _stored(draft: Draft, attachment: Attachment, received: blobs.Received) -> Attachment:
    """A row for what arrived, and its content where that is not here already."""
    if Blob.objects.filter(pk=received.digest).exists():
        blob = Blob(pk=received.digest, size=received.size)
        if db.retried(lambda: _added(draft, attachment, blob)):
            return attachment
    path = blobs.write(received, name=attachment.name)
    blob = Blob(
        digest=received.digest, file=path, size=received.size, image_type=received.image_type
    )
    try:
        while not db.retried(lambda: _added(draft, attachment, blob, new=True)):
            pass  # one of the same content was there, and removed before it could be held
    except errors.MailError:
        blobs.remove(path)
        raise
    # After any other fault it is not known whether the row is there: a stray is found later.
    if attachment.blob.file != path:  # somebody else stored the same a moment ago
        blobs.remove(path)
    return attachment


@transaction.atomic
def _added(draft: Draft, attachment: Attachment, blob: Blob, *, new: bool = False) -> bool:
    """Attach a content, whose row is made if it is new; False if it is gone meanwhile."""
    before = Attachment.objects.filter(pk=attachment.pk).select_related("blob").first()
    if before is not None:  # a lost connection hid that it was done
        attachment.blob = before.blob
        return True
    _lock_unsent(draft)
    _check_room(draft, attachment.name, blob.size)
    if new:
        Blob.objects.bulk_create([blob], ignore_conflicts=True)
    # Locked against the reaper, which looks for attachments under the same lock.
    found = Blob.objects.select_for_update(no_key=True).filter(pk=blob.pk).first()
    if found is None:
        return False
    if found.orphaned:
        Blob.objects.filter(pk=found.pk).update(orphaned=None)
    attachment.draft, attachment.blob = draft, found
    attachment.save(force_insert=True)
    return True


def _lock_unsent(draft: Draft) -> None:
    """Hold a draft as it is, so that it is not sent meanwhile; raises NotFound if it was."""
    held = Draft.objects.select_for_update(no_key=True).filter(pk=draft.pk, owner=draft.owner)
    sent = Submission.objects.filter(sender=draft.owner, idempotency_key=draft.key)
    if not held.exists() or sent.exists():
        raise errors.NotFound


def detach(*, attachment: Attachment) -> None:
    """Take a file from its draft; from a post, or one that is gone, there is nothing to take."""
    Attachment.objects.filter(pk=attachment.pk, post=None).delete()


def move_to_post(*, draft_id: UUID, owner_id: int, post_id: UUID) -> None:
    """What a draft carried, its post carries: part of the transaction that accepts it."""
    # An upload that is just ending is in time, or finds that the draft was sent.
    list(Draft.objects.select_for_update().filter(pk=draft_id, owner=owner_id).values_list("pk"))
    carried = Attachment.objects.filter(draft=draft_id, owner=owner_id)
    carried.update(draft=None, post=post_id, orphaned=None)


def move_to_draft(*, post_id: UUID, draft_id: UUID) -> None:
    """Back again, when the sending is undone: part of that transaction."""
    Attachment.objects.filter(post=post_id).update(post=None, draft=draft_id)


def copy_to_draft(*, post_id: UUID, draft: Draft) -> None:
    """What a post carries, a draft that forwards it carries, too: part of its first save."""
    _copy(Attachment.objects.filter(post=post_id), draft)


@transaction.atomic
def copy(*, draft: Draft, draft_id: UUID) -> None:
    """What another draft of the same person carries, or carried, this one carries, too."""
    # Twice at once, they are copied once.
    list(Draft.objects.select_for_update(no_key=True).filter(pk=draft.pk).values_list("pk"))
    _copy(Attachment.objects.filter(draft=draft_id, owner=draft.owner), draft)


def _copy(carried: models.QuerySet[Attachment], draft: Draft) -> None:
    found = list(carried.select_related("blob").order_by("pk"))
    if Attachment.objects.filter(draft=draft.pk).exists():  # they were copied, or come back
        return
    Attachment.objects.bulk_create(
        Attachment(
            blob=one.blob,
            owner=draft.owner,
            draft=draft,
            name=one.name,
            content_type=one.content_type,
        )
        for one in found
    )
