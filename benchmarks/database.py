"""A database of the benchmarks' own: made before, dropped after, never the one with the mail."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

NAME = "opost_bench"


def configure() -> None:
    """Load Django as in production, but with the embedded server unless DATABASE_URL names one."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["DEBUG"] = "1"  # asks for no secret, and for no database but the embedded one
    os.environ["DATABASE_POOL_SIZE"] = "16"  # each of 16 senders in a process has a connection
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    settings.DEBUG = False  # or every query would be kept in a log
    django.setup()
    connection.settings_dict["NAME"] = NAME


@contextmanager
def fresh() -> Iterator[None]:
    """A migrated, empty database for as long as the block runs, however it ends."""
    _on_server(f"DROP DATABASE IF EXISTS {NAME}")  # a killed run's; refused while another runs
    _on_server(f"CREATE DATABASE {NAME}")
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined] # PostgreSQL's have one
        _on_server(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def _on_server(sql: str) -> None:
    with connection._nodb_cursor() as cursor:  # noqa: SLF001 - as Django's test runner does
        cursor.execute(sql)


def execute(sql: str, *params: Any) -> int:
    """Run one statement; says how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return int(cursor.rowcount)


def settle() -> None:
    """Write out what earlier measurements left to be written, where we are allowed to."""
    with suppress(DatabaseError):
        execute("CHECKPOINT")
