"""Muting in the browser: function views, which hold no rules."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mail import selectors, services
from mail.web.mailbox import Request, own_box


@login_required
@require_POST
def mute_thread(request: Request, folder: str, uid: int) -> HttpResponse:
    """Let what comes in the conversation of a post arrive read."""
    row = selectors.mailbox.delivered_post(own_box(request, folder), uid)
    services.muting.mute_thread(user=request.user, thread=row.post.thread)
    said = _("Muted: what comes in this conversation arrives read.")
    return _muting(request, folder, uid, said, is_muted=True)


@login_required
@require_POST
def unmute_thread(request: Request, folder: str, uid: int) -> HttpResponse:
    """Let what comes in the conversation of a post arrive unread again."""
    row = selectors.mailbox.delivered_post(own_box(request, folder), uid)
    services.muting.unmute_thread(user=request.user, thread=row.post.thread)
    said = _("What comes in this conversation arrives unread again.")
    return _muting(request, folder, uid, said, is_muted=False)


def _muting(request: Request, folder: str, uid: int, said: str, *, is_muted: bool) -> HttpResponse:
    if request.htmx:
        context = {"folder": folder, "uid": uid, "is_muted": is_muted, "text": said}
        return render(request, "mail/muted.html", context)
    messages.success(request, said)
    return redirect("read_post", folder=folder, uid=uid)


@login_required
@require_POST
def mute_group(request: Request, name: str) -> HttpResponse:
    """Let what is posted to a group arrive read."""
    row = selectors.groups.group(request.user, name)
    services.muting.mute_group(box=row.box, user=request.user)
    return redirect("group", name=row.box.name)


@login_required
@require_POST
def unmute_group(request: Request, name: str) -> HttpResponse:
    """Let what is posted to a group arrive unread again."""
    row = selectors.groups.group(request.user, name)
    services.muting.unmute_group(box=row.box, user=request.user)
    return redirect("group", name=row.box.name)
