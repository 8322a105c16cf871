"""Every error as application/problem+json (RFC 9457), with a stable code."""

import logging
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from mail import errors
from mail.api import fields
from mail.http.statuses import RETRY_AFTER, is_passing, status_of

TYPE = "application/problem+json"
_EXPORT_TAKES = 10  # seconds, about; nobody knows when one ends
logger = logging.getLogger(__name__)

MOST_ERRORS = 20  # that one answer lists


def problem(
    status: HTTPStatus,
    detail: str = "",
    *,
    code: str = "",
    wrong: list[dict[str, str]] | None = None,
    **more: Any,
) -> HttpResponse:
    """One problem; `wrong` lists bad fields as {"field", "code", "detail"}."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": code or status.phrase.lower().replace(" ", "-"),
        "detail": detail or status.description or status.phrase,
    }
    if wrong:
        body["errors"] = wrong[:MOST_ERRORS]
    response = HttpResponse(orjson.dumps(body | more), status=status, content_type=TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="Opost", charset="UTF-8", Bearer'
    return response


def of_mail_error(_request: HttpRequest, error: errors.MailError) -> HttpResponse:
    """What the services refused."""
    status = status_of(error)
    wrong = [{"field": error.field, "code": error.code, "detail": str(error)}]
    response = problem(status, str(error), code=error.code, wrong=wrong if error.field else None)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers["Retry-After"] = str(_EXPORT_TAKES)
    return response


def of_validation(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A body, query or path of another shape than the schema's."""
    in_path = any(item["loc"][0] == "path" for item in error.errors)
    if in_path:
        return problem(HTTPStatus.NOT_FOUND, str(errors.NotFound()), code=errors.NotFound.code)
    wrong = [fields.wrong(item) for item in error.errors[:MOST_ERRORS]]
    detail = _("Some fields are missing, unknown or of the wrong kind.")
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        detail,
        code="fields-invalid",
        wrong=wrong,
        error_count=len(error.errors),
    )


def of_http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    """What django-ninja raises by itself."""
    return problem(HTTPStatus(error.status_code), str(error))


def of_too_much(_request: HttpRequest, _error: Exception) -> HttpResponse:
    """A body beyond the limit."""
    return too_large()


def too_large() -> HttpResponse:
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _("The request is too large."))


def of_fault(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """A fault of ours: no word of it outside but a number to find it by in the log."""
    if is_passing(error):
        return _unavailable(request, error)
    number = str(uuid4())
    logger.error("request %s: %s %s", number, request.method, request.path, exc_info=error)
    detail = _("Something went wrong here. It is noted under the request id.")
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, request_id=number)


def _unavailable(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    logger.warning("%s %s: the database is away: %s", request.method, request.path, error)
    response = of_mail_error(request, errors.Unavailable())
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def of_signed_out(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return problem(
        HTTPStatus.UNAUTHORIZED,
        _("Sign in with a token, with Basic, or with the browser's session."),
        code="signed-out",
    )


def of_throttled(_request: HttpRequest, error: Throttled) -> HttpResponse:
    return throttled(error.wait or 1)


def throttled(wait: int) -> HttpResponse:
    """Too many requests; the headers say when to come back."""
    response = problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        _("Too many requests: try again in %(wait)d seconds.") % {"wait": wait},
        code="throttled",
    )
    response.headers["Retry-After"] = str(wait)
    return response


def of_unknown(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return problem(HTTPStatus.NOT_FOUND, str(errors.NotFound()), code=errors.NotFound.code)


# Typed by django-ninja for the exception or its class, of which it hands over only the first.
_HANDLERS: dict[type[Exception], Any] = {
    Exception: of_fault,
    Http404: of_unknown,
    HttpError: of_http_error,
    AuthenticationError: of_signed_out,
    Throttled: of_throttled,
    ValidationError: of_validation,
    errors.MailError: of_mail_error,
    RequestDataTooBig: of_too_much,
}


def register(api: NinjaAPI) -> None:
    """Answer all that endpoints raise with problems."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)
