"""Searching in the browser, and acting on what was found: function views, which hold no rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from mail import errors, names, selectors, services
from mail.models import Box, Flag
from mail.search.query import ARE_FLAGGED, DRAFTS, IN_TRASH, Field, Query, parse, written
from mail.selectors.selection import Key, Selection, of_keys, posts_of, seen_of
from mail.templatetags.mail import key, marked, marked_body
from mail.web.forms.forms import MoveForm, SearchForm
from mail.web.forms.search import HitsForm, MovedForm
from mail.web.mailbox import (
    Request,
    own_box,
    rendered_toast,
    said_of_deletion,
    said_of_mark,
    said_of_move,
)

SHOWN = 20  # recipients of a post in a list


# --- Searching -----------------------------------------------------------------------------------


@login_required
@require_GET
def search(request: Request) -> HttpResponse:
    """What was found in all folders, newest first; to htmx, the lines below those it has."""
    if _is_of_drafts(request):
        return redirect(f"{reverse('drafts')}?{urlencode({'q': request.GET['q']})}")
    services.mailbox.sync(box=own_box(request, names.INBOX), batches=1)
    context = _page(request, request.GET, _place(request.GET.get("before")))
    if request.htmx and "before" in request.GET and not request.htmx.history_restore_request:
        return render(request, "mail/_found.html#found", context)
    context["folders"] = selectors.boxes.folders(request.user)
    status = 422 if context["form"].errors else 200
    return render(request, "mail/search.html", context, status=status)


def _is_of_drafts(request: Request) -> bool:
    """Tell whether drafts are looked for, which have their own page, and no folder called so."""
    form = SearchForm(request.GET)
    if not form.is_valid() or not form.query.is_of_drafts:
        return False
    boxes = selectors.boxes.own_boxes(request.user)
    return not any(box.short_name.lower() == DRAFTS for box in boxes)


def _page(
    request: Request, given: QueryDict, before: selectors.search.Place | None
) -> dict[str, Any]:
    """One page of what was found, and what can be done with it."""
    form = SearchForm(given)
    hits = form.found(request.user, before)
    query = form.query
    return {
        "searched": given.get("q", ""),
        "form": form,
        "parts": [
            {"text": written(part), "without": str(query.without(nr))}
            for nr, part in enumerate(query.parts)
        ],
        "hits": _shown(hits.lines, hits.boxes, query) if hits else [],
        "next_before": ".".join(map(str, hits.next_before)) if hits and hits.next_before else "",
        "in_trash": IN_TRASH not in query.parts,
        "for_good": query.is_of_trash,
        "are_flagged": ARE_FLAGGED in query.parts,
        "seen": HitsForm.written(seen_of(hits.boxes.values())) if hits else "",
        "page_before": given.get("before", "") if before else "",
    }


def _place(given: str | None) -> selectors.search.Place | None:
    if given is None:
        return None
    post_id, _, box_id = given.partition(".")
    try:
        return selectors.search.Place(UUID(post_id), int(box_id))
    except ValueError as error:
        raise errors.NotFound from error


def _shown(
    lines: Sequence[selectors.mailbox.MessageRow], boxes: Mapping[int, Box], query: Query
) -> list[dict[str, Any]]:
    """Lines with what was looked for marked, and where each is."""
    by_field = {field: query.patterns(field) for field in Field}
    return [
        {
            "line": replace(
                line,
                subject=marked(line.subject, by_field[Field.SUBJECT]),
                snippet=marked(line.snippet, by_field[Field.ANY]),
                sender=marked(line.sender, by_field[Field.FROM]),
                to=[marked(name, by_field[Field.TO]) for name in line.to[:SHOWN]],
            ),
            "folder": key(selectors.conversations.short_name(boxes[line.box_id])),
            "box": boxes[line.box_id],
        }
        for line in lines
    ]


@login_required
@require_GET
def read_hit(request: Request, folder: str, uid: int) -> HttpResponse:
    """A hit in the reading pane, beside what was found; as `read_post` reads it in a folder."""
    box = own_box(request, folder)
    reading, query = (
        selectors.conversations.opened_post(request.user, box, uid),
        _query(request.GET),
    )
    context: dict[str, Any] = {
        "at": folder,
        "box": box,
        "reading": _marked(reading, query),
        "subject": marked(reading.row.subject, query.patterns(Field.SUBJECT)),
        "is_muted": selectors.muting.is_muted(request.user, reading.row.post.thread),
        "searched": request.GET.get("q", ""),
        "for_good": query.is_of_trash,
        "is_hit": True,
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "mail/read_hit.html#opened", context)
    context = _page(request, request.GET, None) | context
    context["folders"] = selectors.boxes.folders(request.user)
    return render(request, "mail/read_hit.html", context)


def _marked(
    reading: selectors.conversations.OpenedPost, query: Query
) -> selectors.conversations.OpenedPost:
    """A conversation with what was looked for marked in its bodies."""
    patterns = query.patterns(Field.ANY)
    bodies = (marked_body(message.body_html, patterns) for message in reading.messages)
    both = zip(reading.messages, bodies, strict=True)
    return replace(reading, messages=[replace(message, body_html=body) for message, body in both])


def _query(given: QueryDict) -> Query:
    return parse(given.get("q", ""))


# --- Acting on hits ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which hits an action is for: some, and with `seen` all that were found, too."""

    query: Query
    keys: list[Key]
    seen: dict[int, int] | None

    def selection(self, request: Request) -> Selection:
        """Return what is shown first, since the person sees it."""
        chosen = of_keys(request.user, self.keys)
        return replace(chosen, seen=self.seen or {}, query=self.query)


def _chosen(request: Request) -> _Chosen:
    form = HitsForm(request.POST)
    if not form.is_valid():
        raise errors.NothingChosen
    given = form.cleaned_data
    return _Chosen(_query(request.POST), given["uid"], given["seen"] if given["all"] else None)


@login_required
@require_POST
def mark_hits_read(request: Request) -> HttpResponse:
    """Mark hits read."""
    return _mark(request, read=True)


@login_required
@require_POST
def mark_hits_unread(request: Request) -> HttpResponse:
    """Mark hits unread."""
    return _mark(request, read=False)


def _mark(request: Request, *, read: bool) -> HttpResponse:
    chosen = _chosen(request)
    count = services.mailbox.store_flags(
        selection=chosen.selection(request), **{"add" if read else "remove": [Flag.SEEN]}
    )
    return _changed(request, chosen, said_of_mark(count, read=read), to_list=not read)


@login_required
@require_POST
def flag_hits(request: Request) -> HttpResponse:
    """Flag hits."""
    chosen = _chosen(request)
    count = services.mailbox.store_flags(selection=chosen.selection(request), add=[Flag.FLAGGED])
    said = ngettext("%(n)s post flagged.", "%(n)s posts flagged.", count)
    return _changed(request, chosen, said % {"n": intcomma(count)})


@login_required
@require_POST
def unflag_hits(request: Request) -> HttpResponse:
    """Take the flag from hits."""
    chosen = _chosen(request)
    count = services.mailbox.store_flags(selection=chosen.selection(request), remove=[Flag.FLAGGED])
    said = ngettext("%(n)s post unflagged.", "%(n)s posts unflagged.", count)
    return _changed(request, chosen, said % {"n": intcomma(count)})


def _changed(
    request: Request, chosen: _Chosen, said: str, *, to_list: bool = False
) -> HttpResponse:
    """The lines that changed, in place also where they fit no more; after all, the search again."""
    if chosen.seen is not None:
        return _anew(request, rendered_toast(request, said))
    boxes = {box.pk: box for box in selectors.boxes.own_boxes(request.user)}
    if not request.htmx:
        box_id, uid = chosen.keys[0]
        opened = key(selectors.conversations.short_name(boxes[box_id])), uid
        return _back(request, opened if "opened" in request.POST and not to_list else None)
    lines = selectors.search.searched_lines(chosen.keys, chosen.query)
    return _lines(request, "mail/found_changed.html", _shown(lines, boxes, chosen.query), chosen)


def _lines(
    request: Request, template: str, hits: Sequence[dict[str, Any]], chosen: _Chosen, **more: object
) -> HttpResponse:
    context = {
        "hits": hits,
        "searched": request.POST.get("q", ""),
        "for_good": chosen.query.is_of_trash,
        "folders": selectors.boxes.folders(request.user),
    }
    return render(request, template, context | more)


@login_required
@require_POST
def archive_hits(request: Request) -> HttpResponse:
    """Move hits to the archive."""
    return _move(request, "archive")


@login_required
@require_POST
def move_hits(request: Request) -> HttpResponse:
    """Move hits to a folder."""
    form = MoveForm(request.GET)
    if not form.is_valid():
        raise errors.NotFound
    return _move(request, form.cleaned_data["to"])


@login_required
@require_POST
def delete_hits(request: Request) -> HttpResponse:
    """Move hits to the trash; where a search is of the trash alone, they go for good."""
    chosen = _chosen(request)
    if not chosen.query.is_of_trash:
        return _move(request, names.TRASH)
    if not request.htmx and "sure" not in request.POST:  # where a script asks by itself
        context = {
            "uids": request.POST.getlist("uid"),
            "all": chosen.seen is not None,
            "seen": request.POST.get("seen", ""),
            "searched": request.POST.get("q", ""),
        }
        return render(request, "mail/delete_hits.html", context)
    count = services.mailbox.delete(selection=chosen.selection(request))
    toast = rendered_toast(request, said_of_deletion(count))
    return _left(request, chosen, toast, dict.fromkeys(chosen.keys))


def _move(request: Request, to: str) -> HttpResponse:
    target, chosen = own_box(request, to), _chosen(request)
    in_place = request.htmx and chosen.seen is None
    posts = posts_of(chosen.keys) if in_place else {}
    moved = services.mailbox.move(selection=chosen.selection(request), to=target)
    count = sum(map(len, moved))
    undo: dict[str, object] = {
        "url": reverse("move_hits_back", args=[to]),
        "moved": MovedForm.written(moved),
        "q": request.POST.get("q", ""),
    }
    said = said_of_move(count, to, target)
    toast = rendered_toast(request, said, undo=undo if count else None)
    return _left(request, chosen, toast, _places(request, chosen, target, posts))


def _places(
    request: Request, chosen: _Chosen, target: Box, posts: Mapping[Key, UUID]
) -> dict[Key, dict[str, Any] | None]:
    """What stands where each hit was: the hit at its new place, if that fits the search still.

    Of two copies that became one, it is shown once: where it was, if it was there already.
    """
    if not posts:
        return {}
    boxes = selectors.boxes.own_boxes(request.user)
    there = selectors.search.searched_among(boxes, chosen.query, target, set(posts.values()))
    shown = _shown(there, {target.pk: target}, chosen.query)
    hits = {line.post_id: hit for line, hit in zip(there, shown, strict=True)}
    keys = sorted(chosen.keys, key=lambda hit: hit[0] != target.pk)
    return {hit: hits.pop(posts[hit], None) if hit in posts else None for hit in keys}


def _left(
    request: Request,
    chosen: _Chosen,
    toast: str,
    places: Mapping[Key, dict[str, Any] | None],
) -> HttpResponse:
    """Hits that went elsewhere; on a page without scripts, and after all, the search again."""
    if not request.htmx:
        messages.success(request, toast, extra_tags="toast")
        return redirect(f"{reverse('search')}?{urlencode({'q': request.POST.get('q', '')})}")
    if chosen.seen is not None:
        return _anew(request, toast, left=True)
    hits = [hit for hit in places.values() if hit]
    context = {"places": places.items(), "toast": toast}
    return _lines(request, "mail/found_moved.html", hits, chosen, **context)


def _anew(request: Request, toast: str, *, left: bool = False) -> HttpResponse:
    """What is found now; without scripts, on the page of the search."""
    if not request.htmx:
        messages.success(request, toast, extra_tags="toast")
        return _back(request)
    context = _page(request, request.POST, None) | {
        "folders": selectors.boxes.folders(request.user),
        "toast": toast,
        "left": left,
    }
    return render(request, "mail/found_fresh.html", context)


def _back(request: Request, opened: tuple[str, int] | None = None) -> HttpResponse:
    """To where the form was: the opened hit, or the page of the search."""
    given = {"q": request.POST.get("q", "")}
    if opened is not None:
        return redirect(f"{reverse('read_hit', args=opened)}?{urlencode(given)}")
    if before := request.POST.get("before", ""):
        given["before"] = before
    return redirect(f"{reverse('search')}?{urlencode(given)}")


@login_required
@require_POST
def move_hits_back(request: Request, folder: str) -> HttpResponse:
    """Undo a move of hits to a folder: each goes back to where it was."""
    box, form = own_box(request, folder), MovedForm(request.POST)
    if not form.is_valid():
        raise errors.NothingChosen
    services.mailbox.move_back(owner=request.user, box=box, moved=form.cleaned_data["moved"])
    return _anew(request, rendered_toast(request, _("Undone.")))
