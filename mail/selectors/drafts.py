"""What a person has begun to write."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Left
from django.utils import timezone

from mail import errors
from mail.models import Attachment, Draft, Submission, User
from mail.search import tokenizer
from mail.search.query import Field, HasAttachment, In, Part, Query, Side, Text, When


def own(user: User) -> QuerySet[Draft]:
    """A person's drafts, those saved last first."""
    return Draft.objects.filter(owner=user).order_by("-updated", "-pk")


LOOKED_THROUGH = 500  # drafts, the last first,
READ = 20_000  # and characters of each body


def found_drafts(user: User, query: Query) -> list[UUID]:
    """Of a person's drafts those that fit a query that is of drafts: two reads."""
    looked = (
        own(user)
        .select_related("owner")
        .annotate(start=Left("body", READ))
        .defer("body")[:LOOKED_THROUGH]
    )
    files: dict[UUID | None, list[str]] = {}
    carried = Attachment.objects.filter(owner=user, draft__isnull=False)
    for draft_id, name in carried.values_list("draft_id", "name"):
        files.setdefault(draft_id, []).append(name)
    parts = [part for part in query.parts if not isinstance(part, In)]
    return [
        draft.pk
        for draft in looked
        if all(_fits(draft, part, files.get(draft.pk, [])) != part.negated for part in parts)
    ]


def _fits(draft: Any, part: Part, files: Sequence[str]) -> bool:
    if isinstance(part, HasAttachment):
        return bool(files)
    if isinstance(part, When):
        day = timezone.localtime(draft.updated).date()
        return day < part.day if part.side == Side.BEFORE else day >= part.day
    if not isinstance(part, Text):
        return False  # a draft is neither read nor unread
    people = ", ".join(filter(None, (draft.to, draft.cc, draft.bcc)))
    texts = {
        Field.FROM: [draft.owner.username],
        Field.TO: [people],
        Field.SUBJECT: [draft.subject],
        Field.ANY: [draft.subject, people, draft.start, *files],
    }
    return any(tokenizer.spans(text, [part.pattern]) for text in texts[part.field])


def own_draft(user: User, draft_id: UUID) -> Draft:
    """A draft of a person's; raises NotFound."""
    draft = Draft.objects.filter(owner=user, pk=draft_id).select_related("owner").first()
    if draft is None:
        raise errors.NotFound
    return draft


def sent_draft(user: User, draft_id: UUID) -> Submission:
    """What became of a draft that was sent, for whoever asks a second time; raises NotFound."""
    key = Draft(pk=draft_id).key
    sent = Submission.objects.filter(sender=user, idempotency_key=key)
    submission = sent.select_related("post").first()
    if submission is None:
        raise errors.NotFound
    return submission
