"""The mailbox in the browser: function views, which hold no rules."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.middleware import HtmxDetails

from mail import errors, names, selectors, services
from mail.mime import mbox
from mail.models import Box, Flag, User
from mail.selectors.selection import Selection, some, up_to
from mail.templatetags.mail import key
from mail.web.forms.forms import ChosenForm, DensityForm, FolderForm, MoveForm


class Request(HttpRequest):
    """A signed-in person's request, as the middleware and the decorators leave it."""

    user: User
    htmx: HtmxDetails


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an action is for: some uids, or all up to one."""

    uids: list[int]
    up_to: int | None

    def of(self, box: Box) -> Selection:
        """As a selection of that box."""
        return some(box, self.uids) if self.up_to is None else up_to(box, self.up_to)


def own_box(request: Request, folder: str) -> Box:
    """The box that an address names; raises NotFound."""
    name = "" if folder == names.INBOX else folder.removeprefix(names.OWN)
    box = selectors.boxes.own_box(request.user, name)
    if key(selectors.conversations.short_name(box)) != folder:  # in another case, or with a prefix
        raise errors.NotFound
    return box


def _chosen(request: Request, box: Box) -> Chosen:
    form = ChosenForm(request.POST)
    if not form.is_valid():
        raise errors.NothingChosen
    above, up_to = form.cleaned_data["above"], form.cleaned_data["up_to"]
    if above is not None and up_to is not None:  # a move of many, undone
        return Chosen(list(range(above, min(up_to, box.counter.last_uid) + 1)), None)
    return Chosen(form.cleaned_data["uid"], up_to)


# --- Lists ---------------------------------------------------------------------------------------


def _shown(
    request: Request, folder: str, box: Box, before: UUID | None = None
) -> dict[str, object]:
    """One page of a box, and the state from which on there may be news."""
    pulled = services.mailbox.sync(box=box, batches=1) if folder == names.INBOX else None
    if pulled and pulled.inserted:
        box.counter.refresh_from_db()
    return {
        "folder": folder,
        "box": box,
        "state": selectors.changes.state_of(box.counter),
        "inbox_state": _inbox_state(request, folder),
        "page": selectors.mailbox.page(box, before=before, limit=request.user.page_size),
        "before": before,
        "more_to_come": bool(pulled and pulled.more),
    }


def _inbox_state(request: Request, folder: str) -> str:
    """Where another folder is shown, the state from which on there may be news in the inbox."""
    if folder == names.INBOX:
        return ""
    return selectors.changes.state_of(own_box(request, names.INBOX).counter)


def _before(request: Request) -> UUID | None:
    """Below which post a page of a list begins; raises NotFound for what is none."""
    try:
        return UUID(request.GET["before"]) if "before" in request.GET else None
    except ValueError as error:
        raise errors.NotFound from error


def _frame(request: Request, folder: str, box: Box) -> dict[str, object]:
    """What every page around a box shows: its folders and one page of its posts."""
    return _shown(request, folder, box, _before(request)) | {
        "folders": selectors.boxes.folders(request.user)
    }


@login_required
@require_GET
def inbox(request: Request, folder: str = names.INBOX) -> HttpResponse:
    """One page of a folder's posts, newest first; to htmx, the lines below those it has."""
    box = own_box(request, folder)
    context = _frame(request, folder, box)
    if request.htmx and "before" in request.GET and not request.htmx.history_restore_request:
        return render(request, "mail/_lines.html", context)
    return render(request, "mail/inbox.html", context)


@login_required
@require_GET
def news(request: Request, folder: str) -> HttpResponse:
    """What changed in a folder since a state, for a page that shows it; 204 for nothing."""
    box, before, since = own_box(request, folder), _before(request), request.GET.get("since", "")
    inbox = box if folder == names.INBOX else own_box(request, names.INBOX)
    seen = {inbox: request.GET.get("inbox", since), box: since}
    if not any(
        selectors.boxes.has_updates(at, selectors.changes.modseq_of(state))
        for at, state in seen.items()
    ):
        return HttpResponse(status=204)
    services.mailbox.sync(box=inbox, batches=1)
    changes = selectors.changes.recent(box, since, limit=selectors.mailbox.PAGE)
    if changes is None:
        return _fresh(request, folder, box)
    context = {
        "folder": folder,
        "box": box,
        "inbox_state": _inbox_state(request, folder),  # before what it is the state of
        "folders": selectors.boxes.folders(request.user),
        "state": changes.state,
        "before": before,  # on a page of older posts nothing comes in on top
        "added": [] if before else selectors.mailbox.rows(box, changes.added),
        "changed": selectors.mailbox.rows(box, changes.changed),
        "removed": changes.removed,
    }
    return render(request, "mail/news.html", context)


def _fresh(request: Request, folder: str, box: Box, toast: str = "") -> HttpResponse:
    """The whole list anew, where too much changed to say it line by line."""
    box.counter.refresh_from_db()
    context = _shown(request, folder, box) | {
        "folders": selectors.boxes.folders(request.user),
        "toast": toast,
    }
    return render(request, "mail/fresh.html", context)


# --- Reading -------------------------------------------------------------------------------------


@login_required
@require_GET
def read_post(request: Request, folder: str, uid: int) -> HttpResponse:
    """A conversation in the reading pane; it stays unread until the page asks for the mark."""
    box = own_box(request, folder)
    reading = selectors.conversations.opened_post(request.user, box, uid)
    is_muted = selectors.muting.is_muted(request.user, reading.row.post.thread)
    context: dict[str, object] = {
        "folder": folder,
        "box": box,
        "reading": reading,
        "is_muted": is_muted,
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "mail/read_post.html#pane", context)
    return render(request, "mail/read_post.html", _frame(request, folder, box) | context)


@login_required
@require_GET
def raw_post(request: Request, folder: str, uid: int) -> StreamingHttpResponse:
    """A post as a message of RFC 5322, for those who want to see its source."""
    row = selectors.export.exported_post(own_box(request, folder), uid)
    source = mbox.message(row, request.get_host())
    return StreamingHttpResponse(source, content_type="text/plain; charset=utf-8")


# --- Changes -------------------------------------------------------------------------------------


@login_required
@require_POST
def mark_read(request: Request, folder: str) -> HttpResponse:
    """Mark chosen posts read."""
    return _mark(request, folder, read=True)


@login_required
@require_POST
def mark_unread(request: Request, folder: str) -> HttpResponse:
    """Mark chosen posts unread."""
    return _mark(request, folder, read=False)


def _mark(request: Request, folder: str, *, read: bool) -> HttpResponse:
    box = own_box(request, folder)
    chosen = _chosen(request, box)
    change = {"add" if read else "remove": [Flag.SEEN]}
    count = services.mailbox.store_flags(selection=chosen.of(box), **change)
    if chosen.up_to is not None:
        return _said(request, folder, box, said_of_mark(count, read=read))
    return _changed(request, folder, box, chosen.uids, to_list=not read)


@login_required
@require_POST
def flag(request: Request, folder: str) -> HttpResponse:
    """Flag chosen posts."""
    box = own_box(request, folder)
    chosen = _chosen(request, box)
    services.mailbox.store_flags(selection=chosen.of(box), add=[Flag.FLAGGED])
    return _changed(request, folder, box, chosen.uids)


@login_required
@require_POST
def unflag(request: Request, folder: str) -> HttpResponse:
    """Take the flag from chosen posts."""
    box = own_box(request, folder)
    chosen = _chosen(request, box)
    services.mailbox.store_flags(selection=chosen.of(box), remove=[Flag.FLAGGED])
    return _changed(request, folder, box, chosen.uids)


def _changed(
    request: Request, folder: str, box: Box, uids: list[int], *, to_list: bool = False
) -> HttpResponse:
    """The lines that changed; on a page without scripts, the page again, or the list."""
    if not request.htmx:
        return _back(request, folder, to_list=to_list)
    context = {
        "folder": folder,
        "box": box,
        "lines": selectors.mailbox.rows(box, uids),
        "folders": selectors.boxes.folders(request.user),
    }
    return render(request, "mail/changed.html", context)


@login_required
@require_POST
def archive(request: Request, folder: str) -> HttpResponse:
    """Move chosen posts to the archive."""
    return _move(request, folder, "archive")


@login_required
@require_POST
def move(request: Request, folder: str) -> HttpResponse:
    """Move chosen posts to another folder; what undoes a move shows that folder again."""
    form = MoveForm(request.GET)
    if not form.is_valid():
        raise errors.NotFound
    return _move(request, folder, form.cleaned_data["to"], undoes=form.cleaned_data["undo"])


@login_required
@require_POST
def delete(request: Request, folder: str) -> HttpResponse:
    """Move chosen posts to the trash; out of the trash they go for good."""
    if folder != names.TRASH:
        return _move(request, folder, names.TRASH)
    box = own_box(request, folder)
    chosen = _chosen(request, box)
    if not request.htmx and "sure" not in request.POST:  # where a script asks by itself
        if chosen.up_to is not None:
            return redirect("empty_trash")
        context = {"total": len(chosen.uids), "uids": chosen.uids}
        return render(request, "mail/empty_trash.html", context)
    count = services.mailbox.delete(selection=chosen.of(box))
    toast = rendered_toast(request, said_of_deletion(count))
    return _gone(request, folder, box, chosen, toast)


def _move(request: Request, folder: str, to: str, *, undoes: bool = False) -> HttpResponse:
    box, target = own_box(request, folder), own_box(request, to)
    chosen = _chosen(request, box)
    first = target.counter.last_uid + 1
    moved = services.mailbox.move(selection=chosen.of(box), to=target)
    count = sum(map(len, moved))
    if chosen.up_to is None:
        new = (each.uids for each in moved if not each.merged)
        undo: dict[str, object] = {"uids": [uid for uids in new for uid in uids]}
    else:
        undo = {"up_to": first + count - 1, "above": first}
    if undoes:
        return _said(request, to, target, _("Undone."))
    said = said_of_move(count, to, target)
    back = f"{reverse('move', args=[to])}?to={folder}&undo=1"
    toast = rendered_toast(
        request, said, undo=undo | {"url": back} if count and box != target else None
    )
    return _gone(request, folder, box, chosen, toast)


def said_of_move(count: int, to: str, target: Box) -> str:
    """How many went where, in a sentence."""
    if to == names.TRASH:
        said = ngettext("%(n)s post is in the trash.", "%(n)s posts are in the trash.", count)
    elif to == "archive":
        said = ngettext("%(n)s post archived.", "%(n)s posts archived.", count)
    elif to == names.INBOX:
        said = ngettext("%(n)s post is in the inbox.", "%(n)s posts are in the inbox.", count)
    else:
        said = ngettext("%(n)s post is in %(folder)s.", "%(n)s posts are in %(folder)s.", count)
    return said % {"n": intcomma(count), "folder": target.short_name}


def said_of_mark(count: int, *, read: bool) -> str:
    """How many were marked, in a sentence."""
    if read:
        said = ngettext("%(n)s post marked read.", "%(n)s posts marked read.", count)
    else:
        said = ngettext("%(n)s post marked unread.", "%(n)s posts marked unread.", count)
    return said % {"n": intcomma(count)}


def said_of_deletion(count: int) -> str:
    """How many are gone, in a sentence."""
    said = ngettext("%(n)s post deleted for good.", "%(n)s posts deleted for good.", count)
    return said % {"n": intcomma(count)}


def _gone(request: Request, folder: str, box: Box, chosen: Chosen, toast: str) -> HttpResponse:
    """What left a list; on a page without scripts, the list without it."""
    if not request.htmx:
        messages.success(request, toast, extra_tags="toast")
        return _back(request, folder, to_list=True)
    if chosen.up_to is not None:
        return _fresh(request, folder, box, toast)
    context = {
        "folder": folder,
        "box": box,
        "removed": chosen.uids,
        "folders": selectors.boxes.folders(request.user),
        "toast": toast,
    }
    answer = render(request, "mail/gone.html", context)
    if "opened" in request.POST:
        answer["HX-Push-Url"] = reverse("inbox", args=[folder])
    return answer


def _said(request: Request, folder: str, box: Box, text: str) -> HttpResponse:
    toast = rendered_toast(request, text)
    if request.htmx:
        return _fresh(request, folder, box, toast)
    messages.success(request, toast, extra_tags="toast")
    return _back(request, folder, to_list=True)


def rendered_toast(request: Request, text: str, undo: dict[str, object] | None = None) -> str:
    """What is said once something is done, and the form that undoes it."""
    return render_to_string("mail/_toast.html", {"text": text, "undo": undo}, request)


def _back(request: Request, folder: str, *, to_list: bool = False) -> HttpResponse:
    """To where the form was: the opened post, or the page of the list."""
    opened, before = request.POST.get("opened", ""), request.POST.get("before", "")
    if opened.isascii() and opened.isdecimal() and not to_list:
        return redirect("read_post", folder=folder, uid=opened)
    query = f"?{urlencode({'before': before})}" if before else ""
    return redirect(reverse("inbox", args=[folder]) + query)


# --- Folders and the look ------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def empty_trash(request: Request) -> HttpResponse:
    """Ask, then delete for good what is in the trash; what comes while one is asked stays."""
    box = own_box(request, names.TRASH)
    form = ChosenForm(request.POST)
    if request.method == "POST" and form.is_valid():
        count = services.folders.empty_trash(
            owner=request.user, up_to=form.cleaned_data["up_to"] or 0
        )
        messages.success(request, said_of_deletion(count))
        return redirect("inbox", folder=names.TRASH)
    total = next(f.total for f in selectors.boxes.folders(request.user) if f.box_id == box.pk)
    context = {"total": total, "up_to": box.counter.last_uid}
    return render(request, "mail/empty_trash.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def create_folder(request: Request) -> HttpResponse:
    """Make a folder."""
    form = FolderForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (box := form.create(request.user)) is not None:
        return redirect("inbox", folder=names.OWN + box.short_name)
    status = 422 if form.errors else 200
    return render(request, "mail/create_folder.html", {"form": form}, status=status)


@login_required
@require_POST
def delete_folder(request: Request, folder: str) -> HttpResponse:
    """Delete an empty folder that one made."""
    services.folders.delete(box=own_box(request, folder))
    messages.success(request, _("The folder is deleted."))
    return redirect("inbox", folder=names.INBOX)


@login_required
@require_POST
def density(request: Request) -> HttpResponse:
    """Choose how high the lines of lists are."""
    form = DensityForm(request.POST)
    if not form.is_valid():
        raise errors.NotFound
    services.account.save_settings(user=request.user, density=form.cleaned_data["density"])
    back = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return HttpResponseRedirect(back if allowed else reverse("inbox"))
