"""Posts: what was written, stored once, and the words that they are found by."""

import uuid
from datetime import datetime

import uuid_utils.compat
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from mail import names


def new_post_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562 §5.7): sorting by it is sorting by time, also across databases."""
    return uuid_utils.compat.uuid7()


def first_post_id(moment: datetime) -> uuid.UUID:
    """What sorts before the ids of all posts from a moment on, and after those from before it."""
    return uuid.UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


class Post(models.Model):
    """What was written, stored once and never edited after it is sent."""

    class ContentType(models.TextChoices):
        MARKDOWN = "text/markdown", "Markdown"
        PLAIN = "text/plain", _("plain text")

    MAX_SUBJECT = 255  # characters
    MAX_BODY = 256 * 1024  # bytes of UTF-8

    id = models.UUIDField(primary_key=True, default=new_post_id, editable=False)
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="posts",
        verbose_name=_("sender"),
        db_index=False,
    )
    sender_name = models.CharField(_("sender's name"), max_length=names.MAX_LENGTH)
    created = models.DateTimeField(_("created"))
    subject = models.CharField(_("subject"), max_length=MAX_SUBJECT, blank=True)
    content_type = models.CharField(
        _("content type"), max_length=13, choices=ContentType, default=ContentType.MARKDOWN
    )
    body = models.TextField(_("body"), blank=True)
    body_html = models.TextField(blank=True)
    renderer = models.PositiveSmallIntegerField(default=0)
    snippet = models.CharField(max_length=200, blank=True)
    in_reply_to = models.UUIDField(null=True, blank=True)
    thread = models.UUIDField()
    to = ArrayField(models.CharField(max_length=255), verbose_name=_("to"), default=list)
    cc = ArrayField(models.CharField(max_length=255), verbose_name=_("cc"), default=list)
    recalled = models.DateTimeField(_("recalled"), null=True, blank=True)
    # When the reaper first saw that nothing refers to the post any more.
    orphaned = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        permissions = [("recall", _("Can recall other people's posts"))]
        indexes = [
            models.Index(fields=["sender", "-id"], name="post_by_sender"),
            models.Index(fields=["thread"], name="post_by_thread"),
        ]

    def __str__(self) -> str:
        return self.subject or str(_("(no subject)"))


class PostWords(models.Model):
    """What a post is found by, apart from it: so that reading posts does not read this, too."""

    post = models.OneToOneField("mail.Post", models.CASCADE, primary_key=True, related_name="+")
    words = SearchVectorField()
    version = models.PositiveSmallIntegerField()  # of `mail.words` that made it

    class Meta:
        # What was added lately waits in a list that every search reads: so it is kept short.
        indexes = [GinIndex(fields=["words"], name="post_by_words", gin_pending_list_limit=256)]

    def __str__(self) -> str:
        return str(self.post_id)
