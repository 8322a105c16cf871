"""Where the error tree becomes HTTP for the browser."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mail import errors

_STATUS: tuple[tuple[type[errors.MailError], HTTPStatus], ...] = (
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.NotAllowed, HTTPStatus.FORBIDDEN),
    (errors.DraftChanged, HTTPStatus.CONFLICT),
    (errors.UndoTooLate, HTTPStatus.CONFLICT),
    (errors.MailError, HTTPStatus.BAD_REQUEST),
)


class MailErrorMiddleware:
    """Answer a refusal with its sentence; views never catch it themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return a page for what the services refuse, None for all else."""
        if not isinstance(error, errors.MailError):
            return None
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
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
