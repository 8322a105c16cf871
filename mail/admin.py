"""The admin: people, groups, boxes with their subscriptions, posts with their deliveries."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from mail import errors, services
from mail.models import Box, DeliveredPost, Post, Subscription, User

SHOWN = 100  # rows of what can be a million


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    fieldsets = (
        *(DjangoUserAdmin.fieldsets or ()),
        (_("Reading"), {"fields": ("language", "time_zone")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """A username is a box's name, and a box never changes its name."""
        return (*super().get_readonly_fields(request, obj), *(("username",) if obj else ()))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """People go with their boxes, which nobody deletes by themselves; no row is listed."""
        people = [str(user) for user in objs]
        said = _("Their boxes and all that is in them; what they wrote stays with its readers.")
        wanting = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        return [*people, said], {self.opts.verbose_name_plural: len(people)}, wanting, []


def _people(label: Any) -> ModelMultipleChoiceField[User]:
    """A choice of people by search: there may be a hundred thousand."""
    widget = AutocompleteSelectMultiple(Box._meta.get_field("managers"), admin.site)  # noqa: SLF001
    return ModelMultipleChoiceField(User.objects.all(), label=label, required=False, widget=widget)


class GroupForm(ModelForm[Group]):
    joining = _people(_("Add members"))
    leaving = _people(_("Remove members"))

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        try:
            services.groups.check_name(name=name)
        except errors.InvalidInput as error:
            raise ValidationError(str(error)) from error
        return name


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    form = GroupForm
    fields = ("name", "members", "joining", "leaving", "permissions")
    readonly_fields = ("members",)

    @admin.display(description=_("Members"))
    def members(self, group: Group) -> str:
        """How many, and the first of them."""
        if group._state.adding:  # noqa: SLF001 - documented for exactly this
            return "-"
        people = group.user_set.order_by("username")
        first = ", ".join(people.values_list("username", flat=True)[:SHOWN])
        return f"{people.count()}: {first}"

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        """A group is named like its box."""
        return (*super().get_readonly_fields(request, obj), *(("name",) if obj else ()))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Members follow the form; their subscriptions follow them."""
        super().save_related(request, form, formsets, change)
        form.instance.user_set.add(*form.cleaned_data["joining"])
        form.instance.user_set.remove(*form.cleaned_data["leaving"])


class Unchangeable(admin.ModelAdmin[Any]):
    """What the services alone write."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's call
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Box)
class BoxAdmin(Unchangeable):
    list_display = ("name", "kind", "owner", "created")
    list_filter = ("kind",)
    list_select_related = ("owner",)
    search_fields = ("name",)
    fields = (
        *("name", "kind", "owner", "group", "created"),
        *("description", "join_policy", "post_policy", "mandatory", "managers"),
        *("last_uid", "subscriptions", "subscribers"),
    )
    readonly_fields = (
        *("name", "kind", "owner", "group", "created"),
        *("last_uid", "subscriptions", "subscribers"),
    )
    autocomplete_fields = ("managers",)

    @admin.display(description=_("last uid"))
    def last_uid(self, box: Box) -> int:
        return box.counter.last_uid

    @admin.display(description=_("subscriptions"))
    def subscriptions(self, box: Box) -> SafeString:
        """What the box receives, and up to where."""
        rows = Subscription.objects.filter(target=box).select_related("source")
        return _table(
            (_("source"), _("watermark"), _("created")),
            ((row.source, row.watermark, row.created) for row in rows[:SHOWN]),
        )

    @admin.display(description=_("subscribers"))
    def subscribers(self, box: Box) -> SafeString:
        """Who receives what lands in the box, and up to where."""
        rows = Subscription.objects.filter(source=box).select_related("target")
        return _table(
            (_("target"), _("watermark"), _("created")),
            ((row.target, row.watermark, row.created) for row in rows[:SHOWN]),
        )


@admin.register(Post)
class PostAdmin(Unchangeable):
    list_display = ("subject", "sender_name", "created", "recalled")
    list_filter = ("created",)
    search_fields = ("subject", "sender_name")
    show_full_result_count = False
    fields = (
        *("id", "sender", "created", "subject", "to", "cc", "content_type", "body"),
        *("in_reply_to", "thread", "recalled", "deliveries"),
    )
    readonly_fields = fields
    actions = ("recall",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    @admin.display(description=_("deliveries"))
    def deliveries(self, post: Post) -> SafeString:
        rows = DeliveredPost.objects.filter(post=post).prefetch_related("box")
        return _table(
            (_("box"), "uid", _("delivered"), _("read")),
            ((row.box, row.uid, row.delivered, row.read_at or "-") for row in rows[:SHOWN]),
        )

    @admin.action(description=_("Recall: hide everywhere, and remove from every box"))
    def recall(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        for post in queryset:
            services.sending.recall(post=post, by=request.user)  # type: ignore[arg-type]
        self.message_user(request, _("The posts were recalled."))


def _table(head: Iterable[Any], rows: Iterable[Iterable[Any]]) -> SafeString:
    lines = [_line("th", head), *(_line("td", row) for row in rows)]
    body = format_html_join("", "<tr>{}</tr>", ((line,) for line in lines))
    return format_html("<table>{}</table>", body)


def _line(tag: str, cells: Iterable[Any]) -> SafeString:
    return format_html_join("", f"<{tag}>{{}}</{tag}>", ((_shown(cell),) for cell in cells))


def _shown(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return date_format(localtime(cell), "DATETIME_FORMAT")
    return cell
