"""What people choose for themselves: function views, which hold no rules."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mail import selectors, services
from mail.web.forms.forms import SettingsForm, TokenForm
from mail.web.mailbox import Request


@login_required
@require_http_methods(["GET", "POST"])
def settings(request: Request) -> HttpResponse:
    """Choose the language, the look and the signature."""
    if request.method == "GET":
        return render(request, "mail/settings.html", {"form": SettingsForm.of(request.user)})
    form = SettingsForm(request.POST)
    if not form.save(request.user):
        return render(request, "mail/settings.html", {"form": form}, status=422)
    # Said in the language that was just chosen.
    with translation.override(request.user.language or translation.get_language()):
        messages.success(request, _("Saved."))
    return redirect("settings")


@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: Request) -> HttpResponse:
    """List and make keys for programs; a secret is shown this once."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    secret = form.create(request.user) if request.method == "POST" else None
    context = {
        "form": TokenForm() if secret else form,
        "secret": secret,
        "tokens": selectors.account.tokens(request.user),
    }
    answer = render(request, "mail/tokens.html", context, status=422 if form.errors else 200)
    answer["Cache-Control"] = "no-store"
    return answer


@login_required
@require_POST
def revoke_token(request: Request, token_id: int) -> HttpResponse:
    """Delete a key: the program that has it is kept out from now on."""
    services.account.revoke_token(user=request.user, token_id=token_id)
    messages.success(request, _("The token is revoked."))
    return redirect("tokens")


@login_required
@require_GET
def sessions(request: Request) -> HttpResponse:
    """Where one is signed in."""
    context = {
        "sessions": sorted(
            selectors.account.sessions(request.user),
            key=lambda session: session.session_key != request.session.session_key,
        ),
        "own_key": request.session.session_key,
    }
    return render(request, "mail/sessions.html", context)


@login_required
@require_POST
def end_session(request: Request, handle: str) -> HttpResponse:
    """Sign out in one other browser."""
    services.account.end_session(user=request.user, handle=handle)
    messages.success(request, _("Signed out there."))
    return redirect("sessions")


@login_required
@require_POST
def sign_out_elsewhere(request: Request) -> HttpResponse:
    """Sign out in all other browsers."""
    count = services.account.sign_out_elsewhere(
        user=request.user, session_key=request.session.session_key or ""
    )
    said = ngettext("Signed out in %(n)s browser.", "Signed out in %(n)s browsers.", count)
    messages.success(request, said % {"n": intcomma(count)})
    return redirect("sessions")
