"""What is filled in on a group's page. Each form comes back there with what is wrong with it."""

from typing import Any, Protocol

from django import forms
from django.utils.translation import gettext_lazy as _

from mail import errors, names, selectors, services
from mail.models import Box, User
from mail.web.forms.forms import RefusableForm


class _NameForm(RefusableForm):
    """One field of many on a page: the one that was refused is where the reader is taken."""

    def add_error(self, field: str | None, error: Any) -> None:
        """Take down what is wrong."""
        super().add_error(field, error)
        for name in self.errors.keys() & self.fields.keys():
            self.fields[name].widget.attrs["autofocus"] = True


class PersonForm(_NameForm):
    person = forms.CharField(
        label=_("Username or full name"),
        max_length=names.MAX_FULL,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def found(self) -> User | None:
        """Whom the name stands for; None, with an error at the field, where that is nobody."""
        if not self.is_valid():
            return None
        name = self.cleaned_data["person"]
        people = selectors.recipients.people_called(name)
        if not people:
            self.say(errors.UnknownRecipient(names=[name], field="person"))
        elif len(people) > 1:
            usernames = ", ".join(person.username for person in people)
            self.say(errors.SeveralCalled(name=name, usernames=usernames))
        return people[0] if len(people) == 1 else None


class PeopleForm(_NameForm):
    people = forms.CharField(
        label=_("Usernames, separated by commas or lines"),
        widget=forms.Textarea(attrs={"rows": 6, "autocapitalize": "none", "spellcheck": "false"}),
    )

    def add(self, box: Box, by: User) -> int | None:
        """Make them members, and say how many; None, with an error, where that is refused."""
        if not self.is_valid():
            return None
        usernames = names.split(self.cleaned_data["people"])
        try:
            return services.memberships.add_members(box=box, usernames=usernames, by=by)
        except errors.InvalidInput as error:
            self.say(error)
            return None


class _Change(Protocol):
    """What a service changes between two boxes."""

    def __call__(self, *, source: Box, target: Box, by: User) -> None: ...


class SourceForm(_NameForm):
    source = forms.CharField(
        label=_("Add a group"),
        max_length=names.MAX_LENGTH,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "list": "sources-offered"}
        ),
    )

    def add(self, target: Box, by: User) -> Box | None:
        """Feed a group with it; None, with an error at the field, where that is refused."""
        return self._change(services.groups.subscribe, target, by)

    def remove(self, target: Box, by: User) -> Box | None:
        """End that; likewise."""
        return self._change(services.groups.unsubscribe, target, by)

    def _change(self, change: _Change, target: Box, by: User) -> Box | None:
        if not self.is_valid():
            return None
        try:
            source = selectors.groups.source(self.cleaned_data["source"])
            change(source=source, target=target, by=by)
        except (errors.InvalidInput, errors.NotAllowed) as error:
            self.add_error("source", str(error))
            return None
        return source
