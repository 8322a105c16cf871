"""The one way to hand-written SQL: transactions that are tried again, and rows as models."""

import random
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connection, models

# A pull moves at most so many posts: somebody back from a year away gets a first page at once.
BATCH = 1000
ATTEMPTS = 8

_PASSING = frozenset({"40P01", "40001", "57P01", "57P02", "57P03"})
_LOST_RACES = frozenset({"delivered_once", "mail_deliveredpost_pkey"})


def retried[T](work: Callable[[], T]) -> T:
    """Run a short transaction, again if it lost a race, a deadlock or its connection.

    The work must be such that doing it twice does it once. Inside somebody else's transaction it
    runs once: only the owner of a transaction can repeat it.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except Error as error:
            if connection.in_atomic_block or not _passes(error):
                raise
            if connection.connection is None or connection.connection.closed:
                connection.close()
            time.sleep(random.random() * 0.01 * 2**attempt)  # noqa: S311 - spreads rivals only
    return work()


def _passes(error: Error) -> bool:
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None)
    if state == "23505":
        return getattr(cause, "diag").constraint_name in _LOST_RACES  # noqa: B009 - psycopg's
    lost = connection.connection is None or connection.connection.closed
    return state in _PASSING or bool(lost)


@cache
def columns(model: type[models.Model], alias: str) -> str:
    """The columns that `made` takes, for a SELECT."""
    return ", ".join(f'{alias}."{field.column}"' for field in _fields(model))


@cache
def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in _fields(model)]


def _fields(model: type[models.Model]) -> Sequence[Any]:
    return model._meta.concrete_fields  # noqa: SLF001 - Django documents it for this


def made[M: models.Model](model: type[M], row: Sequence[Any]) -> tuple[M, Sequence[Any]]:
    """A model from the front of a row, and what follows it there."""
    names = _names(model)
    return model.from_db(DEFAULT_DB_ALIAS, names, row[: len(names)]), row[len(names) :]
