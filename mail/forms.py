"""What people fill in. A form turns what the services refuse into errors at its fields."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mail import errors, names, services
from mail.models import Post, Submission, User


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
    """Which delivered posts of a box are meant."""

    uid = forms.TypedMultipleChoiceField(coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["uid"]
        field.valid_value = _is_uid  # type: ignore[attr-defined]


def _is_uid(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 19  # noqa: PLR2004 - a bigint
