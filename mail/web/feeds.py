"""Groups of groups in the browser: function views, which hold no rules."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from mail import policies, selectors
from mail.web.forms.groups import SourceForm
from mail.web.groups import group_page
from mail.web.mailbox import Request


@login_required
@require_POST
def add_source(request: Request, name: str) -> HttpResponse:
    """Let a group receive what is posted to another one, or to everyone."""
    row = selectors.groups.group(request.user, name)
    policies.check_managing(row.box, request.user)
    form = SourceForm(request.POST)
    if (source := form.add(row.box, request.user)) is None:
        return group_page(request, row, feed=form)
    said = _("From now on %(name)s receives what is posted to %(source)s.")
    messages.success(request, said % {"name": row.box.name, "source": source.name})
    return redirect("group", name=row.box.name)


@login_required
@require_POST
def remove_source(request: Request, name: str) -> HttpResponse:
    """End that; what was posted until now is passed on first."""
    row = selectors.groups.group(request.user, name)
    policies.check_managing(row.box, request.user)
    form = SourceForm(request.POST)
    if (source := form.remove(row.box, request.user)) is None:
        return group_page(request, row, feed=form)
    said = _("%(name)s no longer receives what is posted to %(source)s.")
    messages.success(request, said % {"name": row.box.name, "source": source.name})
    return redirect("group", name=row.box.name)
