"""Files that posts and drafts carry, each content stored once; imported from `mail.models`."""

import uuid_utils.compat
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Blob(models.Model):
    """One content, whoever sent it under whatever name: the row is the truth, the file follows."""

    digest = models.CharField(primary_key=True, max_length=64)  # SHA-256, hexadecimal
    # In the storage: from the digest, but never used twice, so that a file which is being removed
    # is not the one that is being stored again.
    file = models.CharField(max_length=100, unique=True)
    size = models.BigIntegerField()
    # What kind of image the bytes are, of those that browsers may show; empty for all else.
    image_type = models.CharField(max_length=20, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    # When the reaper first saw that no attachment refers to it any more.
    orphaned = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.digest


class Attachment(models.Model):
    """A file under its name: of a draft, and from the sending on of its post."""

    MAX_NAME = 255  # characters

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="attachments")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    # No constraint: a draft that was discarded comes back with its files when that is undone.
    draft = models.ForeignKey(
        "mail.Draft", models.DO_NOTHING, db_constraint=False, db_index=False, null=True
    )
    post = models.ForeignKey(
        "mail.Post", models.CASCADE, db_index=False, null=True, related_name="attachments"
    )
    name = models.CharField(_("name"), max_length=MAX_NAME)
    content_type = models.CharField(_("content type"), max_length=127)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    # When the reaper first saw that its draft is no more.
    orphaned = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(draft=None) ^ models.Q(post=None),
                name="attachment_of_one",
            ),
        ]
        indexes = [
            models.Index(
                fields=["draft"],
                condition=models.Q(draft__isnull=False),
                name="attachment_by_draft",
            ),
            models.Index(
                fields=["post"], condition=models.Q(post__isnull=False), name="attachment_by_post"
            ),
        ]

    def __str__(self) -> str:
        return self.name
