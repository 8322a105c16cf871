"""The least that can be done: SELECT 1, and one row into a plain table with a commit."""

from uuid import UUID

from django.db import connection

from benchmarks.database import execute


def create() -> None:
    execute("""
        CREATE TABLE peer_bare (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, post_id uuid NOT NULL
        ) WITH (autovacuum_enabled = false)
    """)


def insert(post_id: UUID) -> None:
    """One row, committed by itself."""
    execute("INSERT INTO peer_bare (post_id) VALUES (%s)", post_id)


def select_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def empty() -> None:
    execute("TRUNCATE peer_bare")
