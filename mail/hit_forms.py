"""Which hits of a search are meant, as pages say it: `7.42` is a delivered post, by box and uid."""

import re
from itertools import pairwise
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mail import services

_KEY = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")
_RANGE = re.compile(r"([0-9]{1,18}):([0-9]{1,18})-([0-9]{1,18})")


def _key(text: str) -> tuple[int, int]:
    first, _, second = text.partition(".")
    return int(first), int(second)


class HitsForm(forms.Form):
    """Some hits, or all that were found up to what was seen of each box."""

    q = forms.CharField(required=False, strip=False)
    uid = forms.TypedMultipleChoiceField(coerce=_key, required=False)
    all = forms.BooleanField(required=False)
    seen = forms.CharField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["uid"].valid_value = _KEY.fullmatch  # type: ignore[attr-defined]

    @staticmethod
    def written(seen: dict[int, int]) -> str:
        """What was seen, as the form takes it."""
        return " ".join(f"{box_id}.{uid}" for box_id, uid in seen.items())

    def clean_seen(self) -> dict[int, int]:
        """Read it: the last uid of each box."""
        given = self.cleaned_data["seen"].split()
        if not all(map(_KEY.fullmatch, given)):
            raise forms.ValidationError(_("Choose at least one post."))
        return dict(map(_key, given))

    def clean(self) -> dict[str, Any] | None:
        """Refuse a choice of nothing."""
        data = super().clean()
        if not self.cleaned_data.get("uid") and not self.cleaned_data.get("all"):
            self.add_error("uid", _("Choose at least one post."))
        return data


class MovedForm(forms.Form):
    """What a move of hits did, to be undone: where from, and the ranges of their new uids."""

    moved = forms.CharField()

    def clean_moved(self) -> list[services.Moved]:
        """Read it: ranges in order, none of which overlap."""
        found = [_RANGE.fullmatch(each) for each in self.cleaned_data["moved"].split()]
        moved = [services.Moved(*map(int, each.groups())) for each in found if each]
        in_order = all(one.last < other.first for one, other in pairwise(moved))
        if len(moved) < len(found) or not in_order:
            raise forms.ValidationError(_("Choose at least one post."))
        return moved

    @staticmethod
    def written(moved: list[services.Moved]) -> str:
        """As the form takes it."""
        return " ".join(f"{each.box_id}:{each.first}-{each.last}" for each in moved)
