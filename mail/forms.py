"""What people fill in. A form turns what the services refuse into errors at its fields."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mail import errors, names, services
from mail.models import Box, Post, Submission, User


class ComposeForm(forms.Form):
    to = forms.CharField(
        label=_("To"),
        help_text=_("People and groups, separated by commas"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    subject = forms.CharField(label=_("Subject"), required=False, max_length=Post.MAX_SUBJECT)
    body = forms.CharField(
        label=_("Message"),
        help_text=_("Markdown: **bold**, lists, tables, code"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14}),
    )
    # Sending twice what was written once, by a second click or a reload, sends once.
    idempotency_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **(kwargs | {"label_suffix": ""}))

    def send(self, sender: User) -> Submission | None:
        """Send what was filled in; None, with errors at the fields, where that is refused."""
        if not self.is_valid():
            return None
        data = self.cleaned_data
        key = data["idempotency_key"]
        try:
            return services.send(
                sender=sender,
                to=names.split(data["to"]),
                subject=data["subject"],
                body=data["body"],
                idempotency_key=str(key) if key else None,
            )
        except (errors.InvalidInput, errors.NotAllowed) as error:
            self.add_error(error.field if error.field in self.fields else None, str(error))
            return None


class ChosenForm(forms.Form):
    """Which delivered posts of a box are meant: some, or all up to one, or those in between."""

    uid = forms.TypedMultipleChoiceField(coerce=int, required=False)
    up_to = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    above = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["uid"]
        field.valid_value = _is_uid  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any] | None:
        """Refuse a choice of nothing."""
        data = super().clean()
        if not self.cleaned_data.get("uid") and self.cleaned_data.get("up_to") is None:
            self.add_error("uid", _("Choose at least one post."))
        return data


def _is_uid(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 19  # noqa: PLR2004 - a bigint


class MoveForm(forms.Form):
    """Where to: a folder by the name that addresses use."""

    to = forms.CharField()
    undo = forms.BooleanField(required=False)


class DensityForm(forms.Form):
    density = forms.ChoiceField(
        choices=[
            ("compact", pgettext_lazy("the height of lines", "Compact")),
            ("cosy", pgettext_lazy("the height of lines", "Cosy")),
            ("roomy", pgettext_lazy("the height of lines", "Roomy")),
        ]
    )


class FolderForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=150)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **(kwargs | {"label_suffix": ""}))

    def create(self, owner: User) -> Box | None:
        """Make the folder; None, with an error at the field, where that is refused."""
        if not self.is_valid():
            return None
        try:
            return services.create_folder(owner=owner, name=self.cleaned_data["name"])
        except errors.InvalidInput as error:
            self.add_error("name", str(error))
            return None
