"""People: accounts, and what each person chose."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.indexes import OpClass
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mail import errors, names
from mail.models.boxes import Box, plain_name
from mail.models.reserved import ReservedName


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
            models.Index(plain_name("first_name", "last_name"), name="user_by_plain_name"),
            models.Index(plain_name("last_name", "first_name"), name="user_by_family_name"),
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
