"""Which hits of a search are meant, as pages say it: `7.42` is a delivered post, by box and uid."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mail import services

_KEY = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")
_MOVED = re.compile(r"([0-9]{1,18}):([0-9]{1,18})-([0-9]{1,18})")
_MERGED = re.compile(r"([0-9]{1,18})\+([0-9]{1,18})")


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
    """What a move of hits did, to be undone: where from, and under which uids they are there now.

    `7:1-9` says that from box 7 came what is 1 to 9, `7+4` that 4 stands for what was taken out.
    """

    moved = forms.CharField()

    def clean_moved(self) -> list[services.mailbox.Moved]:
        """Read it; no uid comes twice, since they were given out one after the other."""
        given = self.cleaned_data["moved"].split()
        moved = [_moved(*map(int, found.groups())) for found in _matches(_MOVED, given)]
        merged = [_merged(*map(int, found.groups())) for found in _matches(_MERGED, given)]
        in_order = all(one.last < other.first for one, other in pairwise(moved))
        if len(moved) + len(merged) < len(given) or not in_order:
            raise forms.ValidationError(_("Choose at least one post."))
        return [*merged, *moved]

    @staticmethod
    def written(moved: Iterable[services.mailbox.Moved]) -> str:
        """As the form takes it."""
        return " ".join(
            f"{each.box_id}+{each.first}"
            if each.merged
            else f"{each.box_id}:{each.first}-{each.last}"
            for each in moved
        )


def _matches(pattern: re.Pattern[str], given: Iterable[str]) -> list[re.Match[str]]:
    return [found for each in given if (found := pattern.fullmatch(each))]


def _moved(box_id: int, first: int, last: int) -> services.mailbox.Moved:
    return services.mailbox.Moved(box_id, first, last)


def _merged(box_id: int, uid: int) -> services.mailbox.Moved:
    return services.mailbox.Moved(box_id, uid, uid, merged=True)
