"""Writing: function views, which hold no rules. Every one works without scripts, too."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models.functions import Left
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from mail import names, policies, selectors, services
from mail.content import replies
from mail.models import Post
from mail.search.query import parse
from mail.web.forms.forms import ComposeForm
from mail.web.mailbox import Request, own_box

MAX_ASKED = 100  # names at once, of which a page asks who they are
PAGE = 50


def _wants_fragment(request: Request) -> bool:
    """Whether the answer goes into a page that is there already."""
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def _form(
    request: Request, form: ComposeForm, *, status: int | None = None, **context: object
) -> HttpResponse:
    """Show the form as a page of its own or, for htmx, as the fragment that is swapped."""
    fragment = _wants_fragment(request)
    given = {
        "form": form,
        # As a window above another page, or in the page of its own that it came from.
        "windowed": "window" in request.POST if request.method == "POST" else fragment,
        "undo_for": services.sending.UNDO_FOR.seconds,
        "attachments": form.attachments(request.user),
    }
    template = "mail/_compose.html" if fragment else "mail/compose.html"
    return render(request, template, given | context, status=status or form.status)


def _shows_what_was_typed(
    view: Callable[[Request], HttpResponse],
) -> Callable[[Request], HttpResponse]:
    """Where the sign-in ended meanwhile, show what was sent along: nothing of it is stored."""

    @wraps(view)
    def wrapped(request: Request) -> HttpResponse:
        # A script keeps the text itself.
        if request.method != "POST" or request.htmx or bool(request.user.pk):
            return view(request)
        return render(request, "mail/signed_out.html", {"typed": request.POST}, status=401)

    return wrapped


@_shows_what_was_typed
@login_required
@vary_on_headers("HX-Request")
@require_http_methods(["GET", "POST"])
def compose(request: Request) -> HttpResponse:
    """Write a post and send it."""
    if request.method == "GET":
        begun = replies.begin(request.user, to=request.GET.get("to", ""))
        return _form(request, ComposeForm.begun(**begun))
    form = ComposeForm(request.POST, request.FILES)
    if form.send(request.user, confirmed=request.POST.get("confirmed", "")) is None:
        return _form(request, form)
    return _sent(request, form.cleaned_data["draft"])


def _sent(request: Request, draft_id: UUID) -> HttpResponse:
    """Say that it was sent, and offer to undo that."""
    sent: dict[str, object] = {
        "submission": selectors.drafts.sent_draft(request.user, draft_id),
        "draft_id": draft_id,
        "undo_for": services.sending.UNDO_FOR.seconds,
    }
    if _wants_fragment(request) and "window" in request.POST:
        response = render(request, "mail/_compose_sent.html", sent)
    else:
        said = render_to_string("mail/_sent_toast.html", sent, request)
        messages.success(request, said, extra_tags="toast")
        response = redirect("inbox")
        if _wants_fragment(request):
            response = HttpResponse(headers={"HX-Redirect": response.url})
    response.headers["HX-Trigger"] = "opost:sent"
    return response


# --- Answers --------------------------------------------------------------------------------------


def _post(request: Request, folder: str, uid: int) -> Post:
    return selectors.mailbox.delivered_post(own_box(request, folder), uid).post


@login_required
@vary_on_headers("HX-Request")
@require_GET
def reply(request: Request, folder: str, uid: int) -> HttpResponse:
    """Answer whoever wrote a post."""
    begun = replies.reply(_post(request, folder, uid), request.user)
    return _form(request, ComposeForm.begun(**begun))


@login_required
@vary_on_headers("HX-Request")
@require_GET
def reply_all(request: Request, folder: str, uid: int) -> HttpResponse:
    """Answer whoever wrote a post and got it."""
    begun = replies.reply_all(_post(request, folder, uid), request.user)
    return _form(request, ComposeForm.begun(**begun))


@login_required
@vary_on_headers("HX-Request")
@require_GET
def forward(request: Request, folder: str, uid: int) -> HttpResponse:
    """Pass a post on."""
    begun = replies.forward(_post(request, folder, uid), request.user)
    return _form(request, ComposeForm.begun(**begun))


# --- While writing --------------------------------------------------------------------------------


@login_required
@require_POST
def preview(request: Request) -> HttpResponse:
    """Show what is written as it will look."""
    form = ComposeForm(request.POST)
    html = form.preview(request.user)
    if _wants_fragment(request):
        given = {"form": form, "preview": html}
        return render(request, "mail/_compose_preview.html", given, status=form.status)
    return _form(request, form, preview=html)


@login_required
@require_GET
def complete(request: Request) -> HttpResponse:
    """Whom one may mean by what is typed so far."""
    found = selectors.recipients.completions(request.user, request.GET.get("q", ""))
    return render(request, "mail/_compose_options.html", {"options": found})


@login_required
@require_GET
def recipients(request: Request) -> HttpResponse:
    """Who is meant by names, in their order, and how many people each stands for."""
    wanted = names.split(request.GET.get("names", ""))[:MAX_ASKED]
    found = selectors.recipients.audience(wanted)
    known = {names.fold(box.name): box for box in found.boxes}
    inactive = set(map(names.fold, found.inactive))
    folded = [(name, names.fold(name)) for name in wanted]
    chips = [(name, known.get(key), key in inactive) for name, key in folded]
    return render(request, "mail/_compose_chips.html", {"chips": chips})


# --- Drafts ---------------------------------------------------------------------------------------


@login_required
@require_POST
def save_draft(request: Request) -> HttpResponse:
    """Store what is written so far; as a draft of its own where the form asks for that."""
    data: dict[str, object] = {**request.POST.dict()}
    if "fork" in data:
        data |= {"draft": data["fork"], "version": "", "forked": data.get("draft", "")}
    form = ComposeForm(data, request.FILES)
    draft = form.save(request.user)
    if _wants_fragment(request):
        given = {"form": form, "draft": draft}
        return render(request, "mail/_compose_saved.html", given, status=form.status)
    if draft is None:
        return _form(request, form)
    messages.success(request, _("Saved in Drafts."))
    return redirect("draft", draft.pk)


@login_required
@vary_on_headers("HX-Request")
@require_GET
def draft(request: Request, draft_id: UUID) -> HttpResponse:
    """Write on."""
    return _form(request, ComposeForm.of(selectors.drafts.own_draft(request.user, draft_id)))


@login_required
@require_GET
def drafts(request: Request) -> HttpResponse:
    """What a person has begun to write, the last first."""
    # Of a body, which may be long, only the first words.
    found = selectors.drafts.own(request.user).annotate(start=Left("body", 400))
    if searched := request.GET.get("q", ""):
        matching = selectors.drafts.found_drafts(request.user, parse(searched))
        found = found.filter(pk__in=matching)
    page = Paginator(found.defer("body"), PAGE).get_page(request.GET.get("page"))
    return render(request, "mail/drafts.html", {"page": page, "searched": searched})


@login_required
@require_http_methods(["GET", "POST"])
def discard_draft(request: Request, draft_id: UUID) -> HttpResponse:
    """Throw a draft away: after a question or, for htmx, with a way back."""
    found = selectors.drafts.own_draft(request.user, draft_id)
    if request.method == "GET":
        return render(request, "mail/discard_draft.html", {"draft": found})
    services.drafts.discard(draft=found)
    if _wants_fragment(request):
        form = ComposeForm.of(found)
        return render(request, "mail/_compose_discarded.html", {"draft": found, "form": form})
    messages.success(request, _("Draft discarded."))
    return redirect("drafts")


# --- After sending --------------------------------------------------------------------------------


@login_required
@require_POST
def undo_send(request: Request, draft_id: UUID) -> HttpResponse:
    """Take back what was sent a moment ago, and write on."""
    submission = selectors.drafts.sent_draft(request.user, draft_id)
    taken = services.sending.undo(submission=submission, by=request.user)
    if not _wants_fragment(request):
        return redirect("draft", taken.pk)
    form = ComposeForm.of(taken)
    given = {"form": form, "windowed": True, "undo_for": None}
    given |= {"attachments": form.attachments(request.user)}
    response = render(request, "mail/_compose_undone.html", given)
    response.headers["HX-Trigger"] = "opost:undone"
    return response


@login_required
@require_http_methods(["GET", "POST"])
def recall(request: Request, uid: int) -> HttpResponse:
    """Take back what was sent earlier, after saying who has it by now."""
    post = _post(request, "sent", uid)
    policies.check_recalling(post, request.user)
    if request.method == "GET":
        report = selectors.posts.recall_report(post)
        return render(request, "mail/recall.html", {"post": post, "uid": uid, "report": report})
    services.sending.recall(post=post, by=request.user)
    messages.success(request, _("The post was recalled: nobody has it any more."))
    return redirect("inbox", folder="sent")
