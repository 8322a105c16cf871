"""What is stored. Every write goes through `mail.services`."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import uuid_utils.compat
from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mail import errors, names

# Where Django looks for them, and everybody else.
from mail.account_models import ApiToken as ApiToken  # noqa: PLC0414
from mail.account_models import Session as Session  # noqa: PLC0414
from mail.attachment_models import Attachment as Attachment  # noqa: PLC0414
from mail.attachment_models import Blob as Blob  # noqa: PLC0414
from mail.group_models import JoinRequest as JoinRequest  # noqa: PLC0414
from mail.muting_models import MutedThread as MutedThread  # noqa: PLC0414
from mail.reserved_models import ReservedName as ReservedName  # noqa: PLC0414
from mail.search_models import PostWords as PostWords  # noqa: PLC0414


def new_post_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562 §5.7): sorting by it is sorting by time, also across databases."""
    return uuid_utils.compat.uuid7()


def first_post_id(moment: datetime) -> uuid.UUID:
    """What sorts before the ids of all posts from a moment on, and after those from before it."""
    return uuid.UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def _plain(*parts: str) -> OpClass:
    """Names in a row as they are completed: without case and accents, spaces and hyphens."""
    plain = models.Func(*parts, template="mail_plain(%(expressions)s)", arg_joiner=" || ")
    return OpClass(plain, "text_pattern_ops")


class User(AbstractUser):
    """A person, who gets a personal box named like the username."""

    class Density(models.TextChoices):
        COMPACT = "compact", pgettext_lazy("the height of lines", "Compact")
        COSY = "cosy", pgettext_lazy("the height of lines", "Cosy")
        ROOMY = "roomy", pgettext_lazy("the height of lines", "Roomy")

    class Theme(models.TextChoices):
        AUTO = "auto", pgettext_lazy("theme", "As the device")
        LIGHT = "light", pgettext_lazy("theme", "Light")
        DARK = "dark", pgettext_lazy("theme", "Dark")

    class PageSize(models.IntegerChoices):
        FEW = 25, "25"
        USUAL = 50, "50"
        MANY = 100, "100"

    MAX_SIGNATURE = 2000  # characters

    # Of both, empty is what the browser says.
    language = models.CharField(_("language"), max_length=16, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    density = models.CharField(
        _("height of lines"),
        max_length=7,
        choices=Density,
        default=Density.COSY,
        db_default=Density.COSY,
    )
    theme = models.CharField(
        _("theme"), max_length=5, choices=Theme, default=Theme.AUTO, db_default=Theme.AUTO
    )
    page_size = models.PositiveSmallIntegerField(
        _("posts on a page"), choices=PageSize, default=PageSize.USUAL, db_default=PageSize.USUAL
    )
    signature = models.TextField(
        _("signature"), max_length=MAX_SIGNATURE, blank=True, default="", db_default=""
    )

    class Meta(AbstractUser.Meta):
        constraints = [models.UniqueConstraint(Lower("username"), name="user_username_nocase")]
        # By their beginnings, letter for letter, whatever the collation.
        indexes = [
            models.Index(
                OpClass(
                    Lower(
                        models.Func(
                            *("first_name", models.Value(" "), "last_name"),
                            template="(%(expressions)s)",
                            arg_joiner=" || ",
                        )
                    ),
                    "text_pattern_ops",
                ),
                name="user_by_full_name",
            ),
            models.Index(OpClass(Lower("last_name"), "text_pattern_ops"), name="user_by_last_name"),
            # Both ways round, without accents; the two above serve what ran before these.
            models.Index(_plain("first_name", "last_name"), name="user_by_plain_name"),
            models.Index(_plain("last_name", "first_name"), name="user_by_family_name"),
            models.Index(fields=["id"], condition=models.Q(is_active=False), name="user_inactive"),
        ]

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """A person without boxes is not stored: what makes them runs on the signal."""
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Say in forms what the services would refuse."""
        super().clean()
        if not self.username:  # said at the field already
            return
        try:
            names.check(self.username)
        except errors.InvalidInput as error:
            raise ValidationError({"username": str(error)}) from error
        rivals = Box.objects.named(self.username)
        if self.pk:
            rivals = rivals.exclude(owner=self)
        if rivals.exists() or ReservedName.holds(self.username):
            raise ValidationError({"username": str(errors.NameTaken(name=self.username))})

    def get_full_name(self) -> str:
        """The names in the order of the language that they are written in."""
        return names.full_name(self.first_name, self.last_name)


class BoxQuerySet(models.QuerySet["Box"]):
    def named(self, name: str) -> "BoxQuerySet":
        return self.alias(folded=Lower("name")).filter(folded=names.fold(name))

    def folded_any(self, folded: Iterable[str]) -> "BoxQuerySet":
        """By names that are folded already, so that each is folded once."""
        return self.alias(folded=Lower("name")).filter(folded__in=list(folded))

    def addressable(self) -> "BoxQuerySet":
        """Boxes that one can write to: no folder, and no group that was closed."""
        return self.exclude(kind=Box.Kind.FOLDER).exclude(kind=Box.Kind.GROUP, group=None)


class Box(models.Model):
    """A named place that posts are delivered to."""

    class Kind(models.TextChoices):
        PERSONAL = "personal", _("personal")
        GROUP = "group", _("group")
        EVERYONE = "everyone", _("everyone")
        FOLDER = "folder", _("folder")

    class JoinPolicy(models.TextChoices):
        OPEN = "open", pgettext_lazy("who may join a group", "anyone")
        MANAGER = "manager", pgettext_lazy("who may join a group", "by a manager")

    class PostPolicy(models.TextChoices):
        ANYONE = "anyone", pgettext_lazy("who may write to a group", "anyone")
        MEMBERS = "members", pgettext_lazy("who may write to a group", "members")
        MANAGERS = "managers", pgettext_lazy("who may write to a group", "managers")

    name = models.CharField(_("name"), max_length=255)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="boxes"
    )
    # A group that is deleted leaves its box behind, closed: its name is not given to others.
    group = models.OneToOneField(
        Group, models.SET_NULL, null=True, blank=True, related_name="box", verbose_name=_("group")
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    description = models.TextField(_("description"), blank=True)
    join_policy = models.CharField(
        _("who may join"), max_length=8, choices=JoinPolicy, default=JoinPolicy.OPEN
    )
    post_policy = models.CharField(
        _("who may write"), max_length=8, choices=PostPolicy, default=PostPolicy.ANYONE
    )
    # Set by staff: who is a member stays one.
    mandatory = models.BooleanField(_("nobody can leave"), default=False, db_default=False)
    managers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="managed", verbose_name=_("managers")
    )

    objects = BoxQuerySet.as_manager()

    class Meta:
        verbose_name = _("box")
        verbose_name_plural = _("boxes")
        permissions = [("broadcast", _("Can write to everyone"))]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="box_name_nocase"),
            models.UniqueConstraint(
                fields=["owner"], condition=models.Q(kind="personal"), name="box_one_personal"
            ),
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(kind="everyone"), name="box_one_everyone"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["personal", "folder"], owner__isnull=False, group=None)
                | models.Q(kind__in=["group", "everyone"], owner=None),
                name="box_kind_fits_owner",
            ),
        ]
        indexes = [
            models.Index(
                models.F("kind"),
                OpClass(Lower("name"), "text_pattern_ops"),
                condition=~models.Q(kind="folder"),
                name="box_by_beginning",
            ),
            models.Index(
                models.F("kind"),
                _plain("name"),
                condition=~models.Q(kind="folder"),
                name="box_by_plain_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def short_name(self) -> str:
        """A folder's name without its owner's."""
        return self.name.rpartition(":")[2]


class BoxCounter(models.Model):
    """The hot row of a box: apart from `Box` so that it stays tiny and is updated in place."""

    box = models.OneToOneField(Box, models.CASCADE, primary_key=True, related_name="counter")
    last_uid = models.BigIntegerField(default=0)
    modseq = models.BigIntegerField(default=0)
    # What the tombstones that were purged would tell: how many, and up to which modseq.
    purged = models.BigIntegerField(default=0)
    purged_modseq = models.BigIntegerField(default=0)
    # A group with subscriptions of its own: those who read it must serve it first.
    fed = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.box_id}: {self.last_uid}"


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


class Flag(models.TextChoices):
    """Flags and keywords of a delivered post, as IMAP calls them (RFC 9051 §2.3.2, RFC 5788)."""

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


class Subscription(models.Model):
    """What lands in the source is also delivered to the target, above the watermark."""

    pk = models.CompositePrimaryKey("target_id", "source_id")
    target = models.ForeignKey(
        Box, models.CASCADE, db_index=False, related_name="subscriptions", verbose_name=_("target")
    )
    source = models.ForeignKey(
        Box, models.CASCADE, related_name="subscribers", verbose_name=_("source")
    )
    start = models.BigIntegerField(_("start"))
    watermark = models.BigIntegerField(_("watermark"))
    # Of a person's own box: what comes this way arrives read.
    muted = models.BooleanField(_("muted"), default=False, db_default=False)
    created = models.DateTimeField(_("created"))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(target=models.F("source")), name="subscription_not_to_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target_id}.{self.source_id}"


class Submission(models.Model):
    """A post accepted for delivery: to whom, how often tried, what came of it."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed for some")

    post = models.OneToOneField(Post, models.CASCADE, related_name="submission")
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="submissions"
    )
    state = models.CharField(max_length=9, choices=State, default=State.ACCEPTED)
    recipients = ArrayField(models.BigIntegerField())  # ids of boxes
    sent_box = models.BigIntegerField(null=True)  # the sender's own copy, which is born read
    created = models.DateTimeField(auto_now_add=True)
    send_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)  # null: nothing is left to try
    last_error = models.TextField(blank=True)
    # For each box that could not be served: its id, and why.
    errors = models.JSONField(default=dict)
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
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(state="accepted"),
                name="submission_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post_id}: {self.state}"


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
