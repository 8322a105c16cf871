"""Attachments in the browser: function views, which hold no rules."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from mail import errors, selectors, services
from mail.http import downloads
from mail.web.mailbox import Request


@login_required
@require_safe
def attachment(request: Request, attachment_id: UUID) -> HttpResponseBase:
    """What is in a file; with `inline`, an image to be shown in the page."""
    found = selectors.attachments.readable(request.user, attachment_id)
    return downloads.download(request, found, inline="inline" in request.GET)


@login_required
@require_POST
def attach(request: Request, draft_id: UUID) -> HttpResponse:
    """Attach what is sent, as it is, to a draft; answers with its line in the list."""
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal():
        raise errors.UploadIncomplete(name=request.GET.get("name", ""), received=0, size=0)
    attached = services.attachments.attach(
        draft=selectors.drafts.own_draft(request.user, draft_id),
        file=request,
        name=request.GET.get("name", ""),
        content_type=request.GET.get("type", ""),
        size=int(length),
    )
    return render(request, "mail/_compose_attachment.html", {"attachment": attached})


@login_required
@require_POST
def detach(request: Request, attachment_id: UUID) -> HttpResponse:
    """Take a file from a draft."""
    found = selectors.attachments.of_own_draft(request.user, attachment_id)
    services.attachments.detach(attachment=found)
    if request.htmx:
        return HttpResponse()
    return redirect("draft", found.draft_id)
