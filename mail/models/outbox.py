"""Submissions with their recipients, and drafts."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mail.models.boxes import Box
from mail.models.posts import Post, new_post_id


class Submission(models.Model):
    """A post accepted for delivery, with a row for each box that it goes to."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed for some")

    post = models.OneToOneField(Post, models.CASCADE, related_name="submission")
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="submissions"
    )
    state = models.CharField(max_length=9, choices=State, default=State.ACCEPTED)
    sent_box = models.BigIntegerField(null=True)  # for the sender's own copy, read on arrival
    created = models.DateTimeField(auto_now_add=True)
    send_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001 - unique when set
    # Of what the key was first used for.
    fingerprint = models.CharField(max_length=64, blank=True, db_default="")
    # What was answered to a request with a key, so that its repetition is answered alike.
    answer = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sender", "idempotency_key"], name="submission_sent_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post_id}: {self.state}"


class SubmissionRecipient(models.Model):
    """A box that a submission goes to, and what came of it there."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")
        WITHDRAWN = "withdrawn", _("recalled before it was delivered")

    class Code(models.TextChoices):
        """Why a box was not delivered to; the labels are what people read."""

        UNAVAILABLE = "unavailable", _("The box cannot take the post now. It is tried again.")
        GONE = "gone", _("There is no such box any more.")

    pk = models.CompositePrimaryKey("submission_id", "box_id")
    submission = models.ForeignKey(
        Submission, models.CASCADE, related_name="recipients", db_index=False
    )
    # No constraint: what came of a submission is told also when the box is gone.
    box = models.ForeignKey(
        Box, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)  # null: nothing is left to try
    code = models.CharField(max_length=11, choices=Code, blank=True)
    detail = models.TextField(blank=True)  # what the database said, for operators

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(state="pending"),
                name="recipient_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.box_id}: {self.state}"


class Draft(models.Model):
    """What somebody has begun to write, to the letter: nothing typed is lost or refused."""

    class Kind(models.TextChoices):
        NEW = "new", pgettext_lazy("what a draft is", "new post")
        REPLY = "reply", pgettext_lazy("what a draft is", "answer")
        FORWARD = "forward", pgettext_lazy("what a draft is", "forwarded post")

    MAX_SIZE = 1024 * 1024  # bytes of UTF-8, of all texts together

    # The client may choose it, so that a repeated first save makes one draft.
    id = models.UUIDField(primary_key=True, default=new_post_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts", db_index=False
    )
    to = models.TextField(_("to"), blank=True)
    cc = models.TextField(_("cc"), blank=True)
    bcc = models.TextField(_("bcc"), blank=True)
    subject = models.TextField(_("subject"), blank=True)
    body = models.TextField(_("body"), blank=True)
    content_type = models.CharField(
        _("content type"),
        max_length=13,
        choices=Post.ContentType,
        default=Post.ContentType.MARKDOWN,
    )
    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.NEW)
    # The post that this answers or forwards. No foreign key: it may be gone before the draft is.
    in_reply_to = models.UUIDField(null=True, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"))
    version = models.PositiveIntegerField(default=1)
    # The post whose sending was undone, once, to make this.
    undone = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            models.UniqueConstraint(fields=["owner", "undone"], name="draft_undone_once"),
        ]
        indexes = [models.Index(fields=["owner", "-updated"], name="draft_by_owner")]

    def __str__(self) -> str:
        return self.subject or str(_("(no subject)"))

    @property
    def key(self) -> str:
        """The idempotency key with which it is sent: a double click sends once."""
        return f"draft:{self.pk}"
