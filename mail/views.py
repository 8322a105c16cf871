"""The browser inbox: function views, which hold no rules."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django_htmx.middleware import HtmxDetails

from mail import errors, selectors, services
from mail.forms import ChosenForm
from mail.models import Box, User


class Request(HttpRequest):
    """A signed-in person's request, as the middleware and the decorators leave it."""

    user: User
    htmx: HtmxDetails


INBOX = "inbox"


def _own_box(request: Request, folder: str) -> Box:
    return selectors.own_box(request.user, "" if folder == INBOX else folder)


def _chosen(request: Request) -> list[int]:
    form = ChosenForm(request.POST)
    if not form.is_valid():
        raise errors.NothingChosen
    return list(form.cleaned_data["uid"])


def _frame(request: Request, folder: str, box: Box) -> dict[str, object]:
    """What every page around a box shows: its folders and one page of its posts."""
    try:
        before = UUID(request.GET["before"]) if "before" in request.GET else None
    except ValueError as error:
        raise errors.NotFound from error
    more = folder == INBOX and services.sync(box=box, batches=1).more
    return {
        "folder": folder,
        "page": selectors.page(box, before=before),
        "more_to_come": more,
        "unread": selectors.unread_counts(request.user),
    }


@login_required
@require_GET
def inbox(request: Request, folder: str = INBOX) -> HttpResponse:
    """One page of a folder's posts, newest first."""
    return render(request, "mail/inbox.html", _frame(request, folder, _own_box(request, folder)))


@login_required
@require_GET
def read_post(request: Request, folder: str, uid: int) -> HttpResponse:
    """A post in the reading pane; it stays unread until the page asks for the mark."""
    box = _own_box(request, folder)
    context: dict[str, object] = {"folder": folder, "row": selectors.delivered_post(box, uid)}
    if request.htmx:
        return render(request, "mail/read_post.html#pane", context)
    return render(request, "mail/read_post.html", _frame(request, folder, box) | context)


@login_required
@require_POST
def mark_read(request: Request, folder: str) -> HttpResponse:
    """Mark chosen posts read."""
    box, uids = _own_box(request, folder), _chosen(request)
    services.mark_read(box=box, uids=uids)
    return _marked(request, folder, box, uids)


@login_required
@require_POST
def mark_unread(request: Request, folder: str) -> HttpResponse:
    """Mark chosen posts unread."""
    box, uids = _own_box(request, folder), _chosen(request)
    services.mark_unread(box=box, uids=uids)
    return _marked(request, folder, box, uids)


def _marked(request: Request, folder: str, box: Box, uids: list[int]) -> HttpResponse:
    if not request.htmx:
        return redirect("inbox", folder=folder)
    context = {
        "folder": folder,
        "lines": selectors.lines(box, uids),
        "unread": selectors.unread_counts(request.user),
    }
    return render(request, "mail/marked.html", context)


@login_required
@require_POST
def delete(request: Request, folder: str) -> HttpResponse:
    """Move chosen posts to the trash; out of the trash they go for good."""
    box, uids = _own_box(request, folder), _chosen(request)
    if folder == "trash":
        count = len(services.delete(box=box, uids=uids))
        said = ngettext("%(n)d post deleted.", "%(n)d posts deleted.", count)
    else:
        count = len(services.move(box=box, uids=uids, to=_own_box(request, "trash")))
        said = ngettext("%(n)d post is in the trash.", "%(n)d posts are in the trash.", count)
    messages.success(request, said % {"n": count})
    return redirect("inbox", folder=folder)
