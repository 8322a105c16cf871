"""Names that are never given again; imported from `mail.models`."""

from typing import Self

from django.db import models
from django.db.models.functions import Lower

from mail import names


class ReservedNames(models.QuerySet["ReservedName"]):
    def folded_any(self, folded: list[str]) -> Self:
        return self.alias(folded=Lower("name")).filter(folded__in=folded)


class ReservedName(models.Model):
    """The username of a person who was deleted.

    Old mail names them as its author, so nobody else is ever called that, and no answer to it
    reaches a stranger.
    """

    name = models.CharField(max_length=names.MAX_FULL)
    created = models.DateTimeField(auto_now_add=True)

    objects = ReservedNames.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="reserved_name_nocase")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def holds(cls, name: str) -> bool:
        """Whether a name was somebody's."""
        return cls.objects.folded_any([names.fold(name)]).exists()
