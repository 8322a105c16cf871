"""The people, boxes and posts that the benchmarks work on; made set-based, once for each run."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from benchmarks.database import execute, settle
from mail import selectors, services
from mail.delivery import insert, subscriptions
from mail.models import Box, Subscription, User, new_post_id

SUBJECT = "Minutes of Monday's meeting"
BODY = "We **met**, talked about the following, and will meet again.\n\n- coffee\n- cake\n\n" * 10
SENDER = "sender"

_USERS = """
INSERT INTO mail_user (password, is_superuser, username, first_name, last_name, email, is_staff,
                       is_active, date_joined, language, time_zone)
SELECT '', false, 'm' || n, '', '', '', false, true, statement_timestamp(), '', ''
FROM generate_series(1, %s::int) AS n
"""
_BOXES = """
INSERT INTO mail_box
    (name, kind, owner_id, created, description, join_policy, post_policy)
SELECT username, 'personal', id, statement_timestamp(), '', 'open', 'anyone' FROM mail_user
"""
_COUNTERS = """
INSERT INTO mail_boxcounter (box_id, last_uid, modseq, purged, purged_modseq, fed)
SELECT id, 0, 0, 0, 0, false FROM mail_box WHERE kind = 'personal'
"""
_MEMBERS = """
INSERT INTO mail_subscription (target_id, source_id, start, watermark, created)
SELECT id, %s::bigint, 0, 0, statement_timestamp() FROM mail_box
WHERE kind = 'personal' ORDER BY id LIMIT %s::int
"""
_POSTS = """
INSERT INTO mail_post (id, sender_name, created, subject, content_type, body, body_html, renderer,
                       snippet, thread, "to", cc)
SELECT id, %s::text, statement_timestamp(), %s::text, 'text/markdown', %s::text, %s::text, 1, '',
       id, '{}', '{}'
FROM unnest(%s::uuid[]) AS p (id)
"""


@dataclass(frozen=True)
class World:
    """A full `everyone`, groups of fewer, and somebody who may write to all of them."""

    sender: User
    audiences: dict[int, Box]  # by the number of members
    personal: list[int]  # ids of some boxes

    @property
    def everyone(self) -> int:
        return max(self.audiences)


def build(members: int) -> World:
    """So many people with their boxes, each subscribed to everyone."""
    everyone = Box.objects.get(kind=Box.Kind.EVERYONE)
    execute(_USERS, members)
    execute(_BOXES)
    execute(_COUNTERS)
    personal = Box.objects.filter(kind=Box.Kind.PERSONAL).order_by("pk")
    ids = list(personal.values_list("pk", flat=True)[:10_000])
    sender = User.objects.create_superuser(SENDER)
    audiences = {size: group(f"group of {size}", sender) for size in (10, 10_000)}
    audiences[members] = everyone
    Subscription.objects.all().delete()  # the sender's own
    for size, box in audiences.items():
        execute(_MEMBERS, box.pk, size)
    tidy()
    settle()
    return World(sender, audiences, ids)


def tidy(*tables: str) -> None:
    """Free what deleted rows took, and count anew; all tables unless some are named."""
    execute(f"VACUUM (ANALYZE) {', '.join(tables)}")


def group(name: str, by: User) -> Box:
    return services.groups.create(name=name, by=by)


def posts(count: int) -> list[UUID]:
    """Ids of so many posts that are stored and delivered to nobody yet."""
    ids = [new_post_id() for _ in range(count)]
    execute(_POSTS, SENDER, SUBJECT, BODY, BODY, ids)
    return ids


def delivered(post_id: UUID, box_ids: Sequence[int]) -> insert.Delivery:
    return insert.Delivery(post_id, post_id, SUBJECT, SENDER, box_ids)


def fill(box: Box, count: int) -> None:
    """Deliver so many new posts to one box."""
    insert.insert([delivered(post_id, [box.pk]) for post_id in posts(count)])


def reader(name: str, sources: Sequence[Box]) -> Box:
    """The personal box of a new person with just these subscriptions, all from the start."""
    box = selectors.boxes.own_box(User.objects.create_user(name))
    Subscription.objects.filter(target=box).delete()
    for source in sources:
        subscriptions.subscribe(source.pk, [box.pk])
    Subscription.objects.filter(target=box).update(start=0, watermark=0)
    return box
