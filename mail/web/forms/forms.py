"""What people fill in. A form turns what the services refuse into errors at its fields."""

from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid5

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mail import errors, names, selectors, services
from mail.models import Attachment, Box, Draft, Post, Submission, User, new_post_id
from mail.search.query import Query, parse


def _names_input() -> forms.TextInput:
    return forms.TextInput(
        attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
    )


def _hidden() -> forms.HiddenInput:
    return forms.HiddenInput(attrs={"autocomplete": "off"})


class RefusableForm(forms.Form):
    """A form for what the services may refuse."""

    def say(self, error: errors.MailError) -> None:
        """Show a refusal at the field that it is about, if that is one of the form's."""
        self.add_error(error.field if error.field in self.fields else None, str(error))


class ComposeForm(RefusableForm):
    """A draft as it is typed: everything may be saved, and what cannot be sent says so."""

    ASK_ABOVE = 20  # people; to more than these nothing is sent without asking

    to = forms.CharField(label=_("To"), required=False, widget=_names_input())
    cc = forms.CharField(label=_("Cc"), required=False, widget=_names_input())
    bcc = forms.CharField(label=_("Bcc"), required=False, widget=_names_input())
    subject = forms.CharField(
        label=_("Subject"),
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    body = forms.CharField(
        label=_("Message"),
        help_text=_("Markdown: **bold**, lists, tables, code"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    # The page chooses it, so that saving or sending twice makes one draft and sends once.
    draft = forms.UUIDField(required=False, widget=_hidden())
    version = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=_hidden())
    kind = forms.ChoiceField(choices=Draft.Kind, required=False, widget=_hidden())
    in_reply_to = forms.UUIDField(required=False, widget=_hidden())
    content_type = forms.ChoiceField(choices=Post.ContentType, required=False, widget=_hidden())

    # Without scripts a file is taken out by the form that saves the rest.
    detach = forms.UUIDField(required=False)
    # The draft that this one was, until it became one of its own: it has the same files.
    forked = forms.UUIDField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.audience: selectors.recipients.Audience | None = None  # of whom it is to be asked
        self.status = HTTPStatus.OK

    @classmethod
    def of(cls, draft: Draft) -> "ComposeForm":
        """A draft to write on."""
        content = {field: getattr(draft, field) for field in _CONTENT}
        return cls(initial=content | {"draft": draft.pk, "version": draft.version})

    @classmethod
    def begun(cls, **content: object) -> "ComposeForm":
        """Something new to write, of which nothing is stored yet."""
        usual = {"kind": Draft.Kind.NEW, "content_type": Post.ContentType.MARKDOWN}
        return cls(initial=usual | {"draft": new_post_id()} | content)

    @property
    def is_gone(self) -> bool:
        """Whether the draft was sent or discarded elsewhere."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def is_changed(self) -> bool:
        """Whether the draft was changed elsewhere."""
        return self.status == HTTPStatus.CONFLICT

    @property
    def saved_id(self) -> UUID | None:
        """The draft that is stored, if one is."""
        given = self.cleaned_data if self.is_bound else self.initial
        return given.get("draft") if given.get("version") else None

    @property
    def new_id(self) -> UUID:
        """Under which what is typed can be kept as a draft of its own."""
        return new_post_id()

    @property
    def limits(self) -> dict[str, Any]:
        """What is said of files before any is sent."""
        return {
            "size": settings.ATTACHMENT_MAX_SIZE,
            "sum": settings.ATTACHMENTS_MAX_SIZE,
            "number": settings.ATTACHMENTS_MAX_NUMBER,
            "refused": ",".join(settings.ATTACHMENTS_REFUSED),
        }

    def attachments(self, owner: User) -> Iterable[Attachment]:
        """What goes along; until a draft is stored, what the forwarded post carries."""
        if self.saved_id:
            return selectors.attachments.of_draft(owner, self.saved_id)
        forwards = not self.is_bound and self.initial.get("kind") == Draft.Kind.FORWARD
        return selectors.attachments.of_post(self.initial["in_reply_to"]) if forwards else ()

    def clean_body(self) -> str:
        """The ends of lines as scripts send them: a form that is posted plainly has others."""
        return str(self.cleaned_data["body"]).replace("\r\n", "\n")

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or Draft.Kind.NEW

    def clean_content_type(self) -> str:
        return self.cleaned_data["content_type"] or Post.ContentType.MARKDOWN

    def clean(self) -> dict[str, Any]:
        """Without an id of its own it gets one, so that it can be undone by it."""
        self.cleaned_data["draft"] = self.cleaned_data.get("draft") or new_post_id()
        return self.cleaned_data

    def save(self, owner: User) -> Draft | None:
        """Store what was filled in; None, with errors, where that is refused."""
        if self._is_malformed():
            return None
        try:
            return self._saved(owner)
        except errors.NotFound:
            self._refuse(_("This draft was sent or discarded meanwhile."), HTTPStatus.NOT_FOUND)
        except errors.DraftChanged as error:
            self._refuse(str(error), HTTPStatus.CONFLICT)
        except errors.InvalidInput as error:
            self.say(error)
        return None

    def send(self, sender: User, *, confirmed: str = "") -> Submission | None:
        """Store what was filled in and send it; None, with errors, where that is refused.

        Also None, with `audience` set, where it goes to many and that was not confirmed.
        """
        if self._is_malformed():
            return None
        try:
            draft = self._saved_or_sent(sender)
            to = {field: names.split(getattr(draft, field)) for field in ("to", "cc", "bcc")}
            services.sending.resolve(sender=sender, **to)
            if self._must_ask([name for given in to.values() for name in given], confirmed):
                return None
            return services.drafts.send(draft=draft)
        except errors.DraftChanged as error:
            self._refuse(str(error), HTTPStatus.CONFLICT)
        except errors.KeyReused:
            self._show(draft=new_post_id(), version=None)
            said = _("This was sent already. To send it again with your changes, press Send.")
            self._refuse(said, HTTPStatus.UNPROCESSABLE_ENTITY)
        except (errors.InvalidInput, errors.NotAllowed) as error:
            self.say(error)
        return None

    def preview(self, sender: User) -> str | None:
        """The body as it will look; None, with an error, for one that cannot be sent."""
        if self._is_malformed():
            return None
        body, content_type = self.cleaned_data["body"], self.cleaned_data["content_type"]
        try:
            made = services.sending.compose(
                sender=sender, subject="", body=body, content_type=content_type
            )
        except errors.InvalidInput as error:
            self.say(error)
            return None
        return made.body_html

    def _is_malformed(self) -> bool:
        if self.is_valid():
            return False
        self.status = HTTPStatus.UNPROCESSABLE_ENTITY
        return True

    def _content(self) -> dict[str, Any]:
        return {field: self.cleaned_data[field] for field in _CONTENT}

    def _saved(self, owner: User) -> Draft:
        data = self.cleaned_data
        draft = services.drafts.save(
            owner=owner, draft_id=data["draft"], version=data["version"], **self._content()
        )
        self._show(draft=draft.pk, version=draft.version)
        self._attach(draft)
        return draft

    def _attach(self, draft: Draft) -> None:
        """Without scripts, files come and go with the form."""
        if forked := self.cleaned_data.get("forked"):
            services.attachments.copy(draft=draft, draft_id=forked)
        for file in self.files.getlist("files") if self.files else ():
            services.attachments.attach(
                draft=draft,
                file=file,
                name=file.name or "",
                content_type=file.content_type or "",
            )
        if gone := self.cleaned_data.get("detach"):
            for one in selectors.attachments.of_draft(draft.owner, draft.pk).filter(pk=gone):
                services.attachments.detach(attachment=one)

    def _saved_or_sent(self, owner: User) -> Draft:
        """The stored draft, or one that was sent: its key tells whether it was sent as it is now.

        What was discarded elsewhere is sent all the same, as a draft of its own: always the same
        one, so that doing so twice sends once.
        """
        try:
            return self._saved(owner)
        except errors.NotFound:
            given = self.cleaned_data["draft"]
            if _was_sent(owner, given):
                return Draft(pk=given, owner=owner, **self._content())
            self._show(draft=uuid5(given, str(owner.pk)), version=None)
            self.cleaned_data["forked"] = given
            return self._saved_or_sent(owner)

    def _must_ask(self, wanted: list[str], confirmed: str) -> bool:
        audience = selectors.recipients.audience(wanted)
        everyone = any(box.kind == Box.Kind.EVERYONE for box in audience.boxes)
        many = everyone or audience.people > self.ASK_ABOVE
        if not many or confirmed == str(audience.people):
            return False
        self.audience = audience
        self.status = HTTPStatus.UNPROCESSABLE_ENTITY
        return True

    def _show(self, *, draft: UUID, version: int | None) -> None:
        """Go on under this id and version, also in the form when it is shown again."""
        given = {"draft": draft, "version": version}
        self.cleaned_data |= given
        self.data = {name: self.data[name] for name in self.data} | given

    def say(self, error: errors.MailError) -> None:
        """Show a refusal, and answer accordingly."""
        self.status = HTTPStatus.UNPROCESSABLE_ENTITY
        super().say(error)

    def _refuse(self, said: str | Promise, status: HTTPStatus) -> None:
        self.status = status
        self.add_error(None, str(said))


def _was_sent(sender: User, draft_id: UUID) -> bool:
    try:
        selectors.drafts.sent_draft(sender, draft_id)
    except errors.NotFound:
        return False
    return True


_CONTENT = ("to", "cc", "bcc", "subject", "body", "kind", "in_reply_to", "content_type")


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
    density = forms.ChoiceField(choices=User.Density)


class SettingsForm(RefusableForm):
    """What a person chooses; the languages are called as those call them who speak them."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    theme = forms.ChoiceField(label=_("Theme"), choices=User.Theme)
    density = forms.ChoiceField(label=_("Height of lines"), choices=User.Density)
    page_size = forms.TypedChoiceField(
        label=_("Posts on a page"), choices=User.PageSize, coerce=int
    )
    signature = forms.CharField(
        label=_("Signature"),
        help_text=_("Markdown. It stands below what you begin to write."),
        required=False,
        strip=False,
        # The service counts, since ends of lines are two characters on their way.
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": User.MAX_SIGNATURE}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = _("As the browser says")
        zones = [(zone, zone.replace("_", " ")) for zone in selectors.account.time_zones()]
        # A choice field takes its choices late, since they are translated anew for each reader.
        self.fields["language"].choices = [("", own), *settings.LANGUAGES]  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = [("", own), *zones]  # type: ignore[attr-defined]
        # The service knows them without regard to case.
        self.fields["time_zone"].valid_value = bool  # type: ignore[attr-defined]

    @classmethod
    def of(cls, user: User) -> "SettingsForm":
        """What a person has chosen so far."""
        return cls(initial={field: getattr(user, field) for field in cls.base_fields})

    def save(self, user: User) -> bool:
        """Store it; False, with errors at the fields, where that is refused."""
        if not self.is_valid():
            return False
        try:
            services.account.save_settings(user=user, **self.cleaned_data)
        except errors.InvalidInput as error:
            self.say(error)
            return False
        return True


class TokenForm(RefusableForm):
    name = forms.CharField(
        label=_("What it is for"),
        max_length=services.account.MAX_TOKEN_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.IntegerField(
        label=_("Days until it ends"),
        help_text=_("Empty: it does not end."),
        required=False,
        min_value=1,
        max_value=services.account.LONGEST_TOKEN.days - 1,
    )
    read_only = forms.BooleanField(label=_("It may only read"), required=False)

    def create(self, user: User) -> str | None:
        """Make the token, and its secret; None, with an error, where that is refused."""
        if not self.is_valid():
            return None
        days = self.cleaned_data["days"]
        try:
            _token, secret = services.account.create_token(
                user=user,
                name=self.cleaned_data["name"],
                read_only=self.cleaned_data["read_only"],
                expires=timezone.now() + timedelta(days=days) if days else None,
            )
        except errors.InvalidInput as error:
            self.say(error)
            return None
        return secret


class FolderForm(RefusableForm):
    name = forms.CharField(label=_("Name"), max_length=150)

    def create(self, owner: User) -> Box | None:
        """Make the folder; None, with an error at the field, where that is refused."""
        if not self.is_valid():
            return None
        try:
            return services.folders.create(owner=owner, name=self.cleaned_data["name"])
        except errors.InvalidInput as error:
            self.say(error)
            return None


class GroupForm(RefusableForm):
    name = forms.CharField(label=_("Name"), max_length=names.MAX_LENGTH)
    description = forms.CharField(
        label=_("What it is for"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    join_policy = forms.ChoiceField(label=_("Who may join"), choices=Box.JoinPolicy.choices)
    post_policy = forms.ChoiceField(label=_("Who may write"), choices=Box.PostPolicy.choices)

    @classmethod
    def of(cls, box: Box, data: Any) -> "GroupForm":
        """The form of a group that is there: its name stays."""
        fields = ("description", "join_policy", "post_policy")
        form = cls(data, initial={field: getattr(box, field) for field in fields})
        del form.fields["name"]
        return form

    def create(self, by: User) -> Box | None:
        """Make the group; None, with an error at the field, where that is refused."""
        if not self.is_valid():
            return None
        try:
            return services.groups.create(by=by, **self.cleaned_data)
        except errors.InvalidInput as error:
            self.say(error)
            return None

    def describe(self, box: Box, by: User) -> bool:
        """Change the group; False, with an error at the field, where that is refused."""
        if not self.is_valid():
            return False
        try:
            services.groups.describe(box=box, by=by, **self.cleaned_data)
        except errors.InvalidInput as error:
            self.say(error)
            return False
        return True


class SearchForm(forms.Form):
    """What is looked for; a search that cannot be read says which part of it."""

    q = forms.CharField(required=False, strip=False)
    query = Query()

    def found(
        self, user: User, before: selectors.search.Place | None
    ) -> selectors.search.Hits | None:
        """One page of hits; None, with an error at the field, where that is refused."""
        if not self.is_valid():
            return None
        try:
            return selectors.search.search(user, self.query, before=before, limit=user.page_size)
        except errors.SearchInvalid as error:
            self.add_error("q", str(error))
            return None

    def clean_q(self) -> str:
        """Read it."""
        typed: str = self.cleaned_data["q"]
        try:
            self.query = parse(typed)
        except errors.SearchInvalid as error:
            raise forms.ValidationError(str(error)) from error
        return typed
