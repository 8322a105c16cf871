"""Whom one can write to: completions of what is typed, and how many people names stand for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models.functions import Lower

from mail import names, policies
from mail.models import Box, User


@dataclass(frozen=True, slots=True)
class Completion:
    """A name that one can write to."""

    name: str
    kind: str
    full_name: str  # of a person; may be empty
    size: int  # how many people it stands for, those counted twice who are in it twice


def completions(user: User, text: str, *, limit: int = 8) -> list[Completion]:
    """What a person may mean by the beginning of a name: people, groups, everyone.

    First whose name begins so, then people whose full or last name does; only active people, and
    groups that this one may write to.
    """
    if not (begin := names.fold(text)):
        return []
    people = _people(begin, limit)
    boxes = [_of_person(*row) for row in people if row[0] == 0]
    boxes += _of_boxes([*_groups(user, begin, limit), *_everyone(user, begin)])
    boxes.sort(key=lambda box: names.fold(box.name))
    boxes += [_of_person(*row) for row in people if row[0] > 0]
    return list({box.name: box for box in boxes}.values())[:limit]


type _Person = tuple[int, str, str, str]

# Compared by bounds and not by LIKE: these use the indexes also in a statement that was prepared
# before the text was known. Each branch reads its index in order, and stops at the limit.
_PEOPLE = """
WITH found AS MATERIALIZED (
    (SELECT 0 AS place, u.id, lower(b.name) AS key
     FROM mail_box b JOIN mail_user u ON u.id = b.owner_id
     WHERE b.kind = 'personal' AND u.is_active
       AND lower(b.name) ~>=~ %s::text AND lower(b.name) ~<~ %s::text
     ORDER BY lower(b.name) USING ~<~ LIMIT %s)
    UNION ALL
    (SELECT 1, id, lower(first_name || ' ' || last_name) FROM mail_user
     WHERE is_active AND lower(first_name || ' ' || last_name) ~>=~ %s::text
       AND lower(first_name || ' ' || last_name) ~<~ %s::text
     ORDER BY lower(first_name || ' ' || last_name) USING ~<~ LIMIT %s)
    UNION ALL
    (SELECT 2, id, lower(last_name) FROM mail_user
     WHERE is_active AND lower(last_name) ~>=~ %s::text AND lower(last_name) ~<~ %s::text
     ORDER BY lower(last_name) USING ~<~ LIMIT %s)
)
SELECT f.place, b.name, u.first_name, u.last_name
FROM found f JOIN mail_user u ON u.id = f.id
JOIN mail_box b ON b.owner_id = f.id AND b.kind = 'personal'
ORDER BY f.place, f.key, b.name
"""
_LAST = "\U0010ffff"  # sorts behind every letter


def _people(begin: str, limit: int) -> list[_Person]:
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [begin, begin + _LAST, limit] * 3)
        return list(cursor.fetchall())


def _of_person(_place: int, name: str, first_name: str, last_name: str) -> Completion:
    return Completion(name, Box.Kind.PERSONAL.value, f"{first_name} {last_name}".strip(), 1)


def _groups(user: User, begin: str, limit: int) -> Iterable[Box]:
    groups = Box.objects.addressable().filter(policies.open_to(user), kind=Box.Kind.GROUP)
    named = groups.alias(folded=Lower("name")).filter(folded__startswith=begin)
    return named.order_by("folded")[:limit]


def _everyone(user: User, begin: str) -> Iterable[Box]:
    if not names.EVERYONE.startswith(begin) or not policies.may_broadcast(user):
        return ()
    return Box.objects.filter(kind=Box.Kind.EVERYONE)


@dataclass(frozen=True, slots=True)
class Audience:
    """How many people some names stand for."""

    people: int  # at most: who is in several of them is counted in each
    boxes: list[Completion]
    unknown: list[str]


def audience(wanted: list[str]) -> Audience:
    """How many people get what is sent to these names: an upper bound, in two reads."""
    given = {names.fold(name): name for name in wanted}
    found = Box.objects.addressable().named_any(wanted).select_related("owner")
    known = {names.fold(box.name): box for box in _of_boxes(found)}
    boxes = [known[folded] for folded in given if folded in known]
    unknown = [name for folded, name in given.items() if folded not in known]
    return Audience(sum(box.size for box in boxes), boxes, unknown)


def _of_boxes(boxes: Iterable[Box]) -> list[Completion]:
    found = list(boxes)
    counted = sizes([box.pk for box in found if box.owner_id is None])
    return [
        Completion(
            box.name,
            box.kind,
            box.owner.get_full_name() if box.owner else "",
            1 if box.owner else counted.get(box.pk, 0),
        )
        for box in found
    ]


# Down to the members of groups that these feed; a group itself is not counted as a member.
_SIZES = """
WITH RECURSIVE reached (root, box_id) AS (
    SELECT id, id FROM unnest(%s::bigint[]) AS r (id)
    UNION
    SELECT r.root, s.target_id FROM reached r
    JOIN mail_subscription s ON s.source_id = r.box_id
    JOIN mail_box g ON g.id = s.target_id AND g.kind = 'group'
)
SELECT r.root, count(*) FROM reached r JOIN mail_subscription s ON s.source_id = r.box_id
WHERE NOT EXISTS (SELECT FROM reached x WHERE x.root = r.root AND x.box_id = s.target_id)
GROUP BY r.root
"""


def sizes(box_ids: Sequence[int]) -> dict[int, int]:
    """How many people groups, and everyone, deliver to."""
    if not box_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [list(box_ids)])
        return dict(cursor.fetchall())
