"""Fan-out on write: one row for each member, as Zulip does for its active members.

A message is stored once, and a narrow row (user, message, flags) made for every subscriber of its
stream by a single INSERT … SELECT. The indexes are those such a table needs: by its key, at most
once a user, by message, and the unread ones; Zulip has more of them. It has foreign keys, too,
which are left out here. Both are in the peer's favour, and so is that its table starts empty and
that no autovacuum runs beside it.
"""

from benchmarks.database import execute

_TABLES = """
CREATE TABLE peer_subscription (
    stream_id bigint, user_id bigint, PRIMARY KEY (stream_id, user_id)
);
CREATE TABLE peer_user_message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL,
    message_id bigint NOT NULL,
    flags bigint NOT NULL,
    UNIQUE (user_id, message_id)
) WITH (autovacuum_enabled = false);
CREATE INDEX ON peer_user_message (message_id);
CREATE INDEX ON peer_user_message (user_id, message_id) WHERE flags & 1 = 0;
"""


def create(sizes: list[int]) -> None:
    """A stream for each size, which is its id as well, with so many subscribers."""
    execute(_TABLES)
    for size in sizes:
        execute(
            """INSERT INTO peer_subscription
               SELECT %s::bigint, user_id FROM generate_series(1, %s::bigint) AS user_id""",
            size,
            size,
        )
    execute("VACUUM (ANALYZE) peer_subscription")


def deliver(stream_id: int, message_id: int) -> int:
    """Give a message to all subscribers, and commit."""
    return execute(
        """INSERT INTO peer_user_message (user_id, message_id, flags)
           SELECT user_id, %s::bigint, 0 FROM peer_subscription WHERE stream_id = %s::bigint""",
        message_id,
        stream_id,
    )


def empty() -> None:
    execute("TRUNCATE peer_user_message")
