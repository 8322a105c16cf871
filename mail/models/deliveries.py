"""Delivered posts, and what is kept of those that left a box."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from mail import names
from mail.models.boxes import Box
from mail.models.posts import Post


class Flag(models.TextChoices):
    """Flags and keywords of a delivered post, as IMAP calls them (RFC 9051 §2.3.2, RFC 5788)."""

    SEEN = "\\Seen", _("read")
    FLAGGED = "\\Flagged", _("flagged")
    ANSWERED = "\\Answered", _("answered")
    FORWARDED = "$Forwarded", _("forwarded")


class DeliveredPost(models.Model):
    """One post in one box."""

    pk = models.CompositePrimaryKey("box_id", "uid")
    # No constraint in the database on the three: they would cut a bulk insert to a fifth, and
    # thousands of readers would lock one broadcast's row. `manage.py check_mail` audits them.
    box = models.ForeignKey(
        Box, models.CASCADE, db_constraint=False, db_index=False, related_name="delivered_posts"
    )
    uid = models.BigIntegerField()
    post = models.ForeignKey(
        Post,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="delivered_posts",
    )
    source = models.ForeignKey(
        Box, models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    delivered = models.DateTimeField(_("delivered"))
    read_at = models.DateTimeField(_("read"), null=True)
    flags = ArrayField(models.CharField(max_length=64), null=True)
    modseq = models.BigIntegerField()
    # When it was moved here; null for what was delivered here. The trash is emptied by it.
    moved = models.DateTimeField(_("moved"), null=True)
    # Copies, so that a list needs no join; posts and names never change, so they cannot drift.
    subject = models.CharField(_("subject"), max_length=Post.MAX_SUBJECT)
    sender_name = models.CharField(_("sender"), max_length=names.MAX_LENGTH)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["box", "post"], name="delivered_once")]
        indexes = [
            models.Index(fields=["post"], name="delivered_by_post"),
            models.Index(
                fields=["box", "post"], condition=models.Q(read_at=None), name="delivered_unread"
            ),
            models.Index(fields=["box", "modseq"], name="delivered_by_modseq"),
            models.Index(
                fields=["box", "moved"],
                condition=models.Q(moved__isnull=False),
                name="delivered_by_moved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.box_id}.{self.uid}"

    @property
    def is_read(self) -> bool:
        return self.read_at is not None

    @property
    def is_flagged(self) -> bool:
        return Flag.FLAGGED in (self.flags or ())


class Tombstone(models.Model):
    """What left a box: kept for a while, so that clients can ask and copies do not come back."""

    pk = models.CompositePrimaryKey("box_id", "uid")
    box = models.ForeignKey(
        Box, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    uid = models.BigIntegerField()
    post = models.ForeignKey(
        Post, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    modseq = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["box", "post"], name="tombstone_by_post"),
            models.Index(fields=["at"], name="tombstone_by_age"),
            models.Index(fields=["box", "modseq"], name="tombstone_by_modseq"),
        ]

    def __str__(self) -> str:
        return f"{self.box_id}.{self.uid}"


class Recall(models.Model):
    """A recall that is not finished: a pull that was going on may still put the post somewhere."""

    post = models.OneToOneField(Post, models.CASCADE, primary_key=True, related_name="+")
    # Above the numbers of all transactions that were writing at the last look; null before it.
    fence = models.BigIntegerField(null=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.post_id)
