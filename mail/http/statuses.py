"""The one table from errors to statuses of HTTP, for the browser and the API."""

from http import HTTPStatus

from django.db import InterfaceError, OperationalError

from mail import errors

RETRY_AFTER = 5  # seconds, while the database is away or overloaded

_STATUS: tuple[tuple[type[errors.MailError], HTTPStatus], ...] = (
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.NotAllowed, HTTPStatus.FORBIDDEN),
    (errors.StateTooOld, HTTPStatus.GONE),
    (errors.TooManyExports, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.KeyReused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.DraftChanged, HTTPStatus.CONFLICT),
    (errors.UndoTooLate, HTTPStatus.CONFLICT),
    (errors.StorageFailed, HTTPStatus.INSUFFICIENT_STORAGE),
    (errors.FileMissing, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.RequestTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.MailError, HTTPStatus.BAD_REQUEST),
)


def status_of(error: errors.MailError) -> HTTPStatus:
    """Return the status with which an error is answered."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def is_passing(error: BaseException | None) -> bool:
    """Tell whether the database was away, or a lock not granted in time: worth another try."""
    return isinstance(error, (OperationalError, InterfaceError))
