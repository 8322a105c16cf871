"""Boxes: named places that posts are delivered to, and their counters."""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mail import names


def plain_name(*parts: str) -> OpClass:
    """Names in a row as they are completed: without case and accents, spaces and hyphens."""
    plain = models.Func(*parts, template="mail_plain(%(expressions)s)", arg_joiner=" || ")
    return OpClass(plain, "text_pattern_ops")


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
                plain_name("name"),
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
