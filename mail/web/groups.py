"""Groups in the browser: function views, which hold no rules."""

from typing import Protocol

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mail import policies, selectors, services
from mail.models import Box, User
from mail.web.forms.forms import GroupForm
from mail.web.forms.groups import PeopleForm, PersonForm, SourceForm
from mail.web.mailbox import Request


@login_required
@require_GET
def groups(request: Request) -> HttpResponse:
    """All groups by name, or those that a search finds."""
    text, after = request.GET.get("q", ""), request.GET.get("after", "")
    rows, following = selectors.groups.groups(request.user, text=text, after=after)
    context = {"rows": rows, "following": following, "text": text, "after": after}
    return render(request, "mail/groups.html", context)


@login_required
@require_GET
def group(request: Request, name: str) -> HttpResponse:
    """What a group is for, who is in it, and what was posted to it since one joined."""
    return group_page(request, selectors.groups.group(request.user, name))


def group_page(
    request: Request, row: selectors.groups.GroupRow, **filled: forms.Form
) -> HttpResponse:
    """A group's page; with a form that was refused, as it was filled in."""
    services.mailbox.sync(box=selectors.boxes.own_box(request.user), batches=1)
    text, after = request.GET.get("q", ""), request.GET.get("after", "")
    before = request.GET.get("before", "")
    people, following = selectors.groups.members(row.box, text=text, after=after)
    posts, older = selectors.groups.group_posts(
        request.user,
        row.box,
        before=int(before) if before.isdecimal() else None,
        limit=request.user.page_size,
    )
    context = {
        "row": row,
        "people": people,
        "following": following,
        "text": text,
        "managers": row.box.managers.order_by("username"),
        "posts": posts,
        "older": older,
        "person": PersonForm(),
        "many": PeopleForm(),
    }
    context |= _requests(request, row) if row.asking else {}
    context |= {"feed": SourceForm()} | _feeds(request, row)
    status = 422 if any(form.errors for form in filled.values()) else 200
    return render(request, "mail/group.html", context | filled, status=status)


def _requests(request: Request, row: selectors.groups.GroupRow) -> dict[str, object]:
    after = request.GET.get("asking", "")
    requests, more = selectors.groups.join_requests(
        row.box, after=int(after) if after.isdecimal() else 0
    )
    return {"requests": requests, "more_requests": more}


def _feeds(request: Request, row: selectors.groups.GroupRow) -> dict[str, object]:
    sources, more_sources = selectors.groups.sources(row.box, after=request.GET.get("sources", ""))
    targets, more_targets = selectors.groups.targets(row.box, after=request.GET.get("targets", ""))
    return {
        "sources": sources,
        "more_sources": more_sources,
        "targets": targets,
        "more_targets": more_targets,
        "offered_sources": selectors.groups.offered_sources(request.user, row.box),
    }


@login_required
@require_http_methods(["GET", "POST"])
def create_group(request: Request) -> HttpResponse:
    """Make a group, which one then manages."""
    form = GroupForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (box := form.create(request.user)) is not None:
        return redirect("group", name=box.name)
    context = {"form": form, "row": None}
    return render(request, "mail/edit_group.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def edit_group(request: Request, name: str) -> HttpResponse:
    """Change what a group says of itself, and who may do what."""
    row = selectors.groups.group(request.user, name)
    policies.check_managing(row.box, request.user)
    form = GroupForm.of(row.box, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.describe(row.box, request.user):
        return redirect("group", name=row.box.name)
    context = {"form": form, "row": row}
    return render(request, "mail/edit_group.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def delete_group(request: Request, name: str) -> HttpResponse:
    """Ask, then delete a group; its members keep what it delivered."""
    row = selectors.groups.group(request.user, name)
    policies.check_deleting(row.box, request.user)
    if request.method == "POST":
        services.groups.delete(box=row.box, by=request.user)
        messages.success(request, _("“%(name)s” was deleted.") % {"name": row.box.name})
        return redirect("groups")
    context = {"row": row, "members": selectors.groups.member_count(row.box)}
    return render(request, "mail/delete_group.html", context)


@login_required
@require_POST
def join(request: Request, name: str) -> HttpResponse:
    """Become a member."""
    row = selectors.groups.group(request.user, name)
    services.memberships.join(box=row.box, user=request.user, by=request.user)
    messages.success(request, _("You are a member of %(name)s now.") % {"name": row.box.name})
    return redirect("group", name=row.box.name)


@login_required
@require_POST
def leave(request: Request, name: str) -> HttpResponse:
    """End one's membership; what was posted until now stays."""
    row = selectors.groups.group(request.user, name)
    services.memberships.leave(box=row.box, user=request.user, by=request.user)
    messages.success(request, _("You have left %(name)s.") % {"name": row.box.name})
    return redirect("group", name=row.box.name)


@login_required
@require_POST
def ask_to_join(request: Request, name: str) -> HttpResponse:
    """Ask the managers for membership."""
    row = selectors.groups.group(request.user, name)
    services.memberships.ask(box=row.box, user=request.user)
    return redirect("group", name=row.box.name)


@login_required
@require_POST
def withdraw_request(request: Request, name: str) -> HttpResponse:
    """Take back what one asked."""
    row = selectors.groups.group(request.user, name)
    services.memberships.refuse(box=row.box, user=request.user, by=request.user)
    return redirect("group", name=row.box.name)


@login_required
@require_POST
def accept_request(request: Request, name: str) -> HttpResponse:
    """Make somebody who asks a member."""
    return _managed(request, name, services.memberships.accept)


@login_required
@require_POST
def refuse_request(request: Request, name: str) -> HttpResponse:
    """Turn down somebody who asks."""
    return _managed(request, name, services.memberships.refuse)


@login_required
@require_POST
def add_member(request: Request, name: str) -> HttpResponse:
    """Make somebody else a member."""
    return _managed(request, name, services.memberships.join)


@login_required
@require_POST
def add_members(request: Request, name: str) -> HttpResponse:
    """Make many people members at once."""
    row = selectors.groups.group(request.user, name)
    form = PeopleForm(request.POST)
    policies.check_managing(row.box, request.user)
    if (count := form.add(row.box, request.user)) is None:
        return group_page(request, row, many=form)
    said = ngettext("%(n)s person is a member now.", "%(n)s people are members now.", count)
    messages.success(request, said % {"n": intcomma(count)})
    return redirect("group", name=row.box.name)


@login_required
@require_POST
def remove_member(request: Request, name: str) -> HttpResponse:
    """End somebody else's membership."""
    return _managed(request, name, services.memberships.leave)


@login_required
@require_POST
def add_manager(request: Request, name: str) -> HttpResponse:
    """Let somebody else manage a group, too."""
    return _managed(request, name, services.groups.add_manager)


@login_required
@require_POST
def remove_manager(request: Request, name: str) -> HttpResponse:
    """End somebody's managing."""
    return _managed(request, name, services.groups.remove_manager)


class _Change(Protocol):
    """What a service changes between a group and a person."""

    def __call__(self, *, box: Box, user: User, by: User) -> None: ...


def _managed(request: Request, name: str, change: _Change) -> HttpResponse:
    row = selectors.groups.group(request.user, name)
    form = PersonForm(request.POST)
    if (user := form.found()) is None:
        policies.check_managing(row.box, request.user)
        return group_page(request, row, person=form)
    change(box=row.box, user=user, by=request.user)
    return redirect("group", name=row.box.name)
