"""What a person has begun to write."""

from uuid import UUID

from django.db.models import QuerySet

from mail import errors
from mail.models import Draft, Submission, User


def own(user: User) -> QuerySet[Draft]:
    """A person's drafts, those saved last first."""
    return Draft.objects.filter(owner=user).order_by("-updated", "-pk")


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
