"""Where the error tree becomes HTTP for the browser."""

import re
import sys
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation

from mail import errors
from mail.api import problems
from mail.api.links import ROOT
from mail.auth.sessions import SessionStore
from mail.http.statuses import RETRY_AFTER, is_passing, status_of
from mail.http.time_zones import in_zone_of

# Where files are taken: a larger body than a form's is read there only, of who is signed in.
_TAKES_FILES = re.compile(r"/compose/(|save/|[0-9a-f-]{36}/attach/)")


def _largest(request: HttpRequest) -> int:
    """Return how many bytes a request may have: all files of a post, and what is beside them."""
    form: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if _TAKES_FILES.fullmatch(request.path_info) and request.user.is_authenticated:
        return int(settings.ATTACHMENTS_MAX_SIZE) + form
    return form


class MailErrorMiddleware:
    """Answer a refusal with its sentence; views never catch it themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # PostgreSQL stores no NUL, so nothing is found by one.
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return refused(request, errors.NotFound())
        # Before a form is read, which puts its files on the disk.
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > _largest(request):
            return refused(request, errors.RequestTooLarge())
        response = self.get_response(request)
        # Django's own page for an unknown address, which is for programmers.
        if settings.DEBUG and response.status_code == HTTPStatus.NOT_FOUND and _is_unknown(request):
            return refused(request, errors.NotFound())
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return a page for what the services refuse, None for all else."""
        return refused(request, error) if isinstance(error, errors.MailError) else None


def _is_unknown(request: HttpRequest) -> bool:
    return request.resolver_match is None


class PrivatePagesMiddleware:
    """Let no cache keep a page: it is somebody's own, and the next request may get a fragment."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "private, no-store"
        return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault: with 503 where the database is away, which passes, else with 500."""
    if request.path_info.startswith(ROOT):
        return problems.of_fault(request, sys.exc_info()[1])
    if not is_passing(sys.exc_info()[1]):
        return HttpResponseServerError(render_to_string("500.html"))
    status = HTTPStatus.SERVICE_UNAVAILABLE
    page = render_to_string("503.html", {"seconds": RETRY_AFTER})
    return HttpResponse(page, status=status, headers={"Retry-After": str(RETRY_AFTER)})


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's
    """A page in the product's look where a form was too old, or not ours."""
    return refused(request, errors.FormTooOld())


def refused(request: HttpRequest, error: errors.MailError) -> HttpResponse:
    """Say what was refused: on a page of its own, or to htmx beside what is there."""
    status = status_of(error)
    if request.headers.get("HX-Request") == "true":
        answer = render(request, "refused.html#said", {"error": error}, status=status)
        answer["HX-Reswap"] = "none"  # never instead of what is there
        return answer
    return render(request, "refused.html", {"error": error, "status": status}, status=status)


class HtmxSignInMiddleware:
    """Send a signed-out htmx request to the sign-in page, never that page into a fragment."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        redirected = response.headers.get("Location", "")
        htmx = request.headers.get("HX-Request") == "true"
        if htmx and response.status_code == HTTPStatus.FOUND and "/sign-in/" in redirected:
            return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": redirected})
        return response


class SessionUseMiddleware:
    """Let a session know that it is in use, so that people can tell which of theirs are."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and isinstance(request.session, SessionStore):
            request.session.note_use()
        return self.get_response(request)


class ReaderMiddleware:
    """Speak the reader's language and show times in their zone: as they chose, else the browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Every request chooses anew, since threads are used again."""
        if language := getattr(request.user, "language", ""):
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        in_zone_of(request.user, unquote(request.COOKIES.get("tz", "")))
        return self.get_response(request)


class PageGZipMiddleware(GZipMiddleware):
    """Compress pages, whose tokens Django hides from those who would guess them by their length.

    The API's answers keep their tags, and its exports stream as they are.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress what is no answer of the API and no file, of which ranges are asked for."""
        if request.path_info.startswith(ROOT) or response.has_header("Accept-Ranges"):
            return response
        return super().process_response(request, response)
