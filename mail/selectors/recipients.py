"""Whom one can write to: completions of what is typed, and how many people names stand for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Func, TextField, Value
from django.db.models.functions import NullIf

from mail import names, policies
from mail.models import Box, User


@dataclass(frozen=True, slots=True)
class Completion:
    """A name that one can write to."""

    name: str
    kind: str
    full_name: str  # of a person; may be empty
    size: int  # how many people it stands for


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
# before the text was known. Each branch reads its index in order, and stops at the limit. A text
# of which nothing is left begins no name.
_PEOPLE = """
WITH found AS MATERIALIZED (
    (SELECT 0 AS place, u.id, mail_plain(b.name) AS key
     FROM mail_box b JOIN mail_user u ON u.id = b.owner_id
     WHERE b.kind = 'personal' AND u.is_active
       AND mail_plain(b.name) ~>=~ nullif(mail_plain(%s), '')
       AND mail_plain(b.name) ~<~ mail_plain(%s)
     ORDER BY mail_plain(b.name) USING ~<~ LIMIT %s)
    UNION ALL
    (SELECT 1, id, mail_plain(first_name || last_name) FROM mail_user
     WHERE is_active AND mail_plain(first_name || last_name) ~>=~ nullif(mail_plain(%s), '')
       AND mail_plain(first_name || last_name) ~<~ mail_plain(%s)
     ORDER BY mail_plain(first_name || last_name) USING ~<~ LIMIT %s)
    UNION ALL
    (SELECT 2, id, mail_plain(last_name || first_name) FROM mail_user
     WHERE is_active AND mail_plain(last_name || first_name) ~>=~ nullif(mail_plain(%s), '')
       AND mail_plain(last_name || first_name) ~<~ mail_plain(%s)
     ORDER BY mail_plain(last_name || first_name) USING ~<~ LIMIT %s)
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
    return Completion(name, Box.Kind.PERSONAL.value, names.full_name(first_name, last_name), 1)


class _Plain(Func):
    """Names as `mail_plain` makes them, to be compared without case and accents."""

    function = "mail_plain"
    output_field = TextField()


def _groups(user: User, begin: str, limit: int) -> Iterable[Box]:
    groups = Box.objects.addressable().filter(policies.open_to(user), kind=Box.Kind.GROUP)
    plain = NullIf(_Plain(Value(begin)), Value(""))
    named = groups.alias(plain=_Plain("name")).filter(plain__startswith=plain)
    return named.order_by("plain")[:limit]


def _everyone(user: User, begin: str) -> Iterable[Box]:
    if not names.EVERYONE.startswith(begin) or not policies.may_broadcast(user):
        return ()
    return Box.objects.filter(kind=Box.Kind.EVERYONE)


@dataclass(frozen=True, slots=True)
class Audience:
    """How many people some names stand for."""

    people: int  # each once, in however many of them
    boxes: list[Completion]
    unknown: list[str]
    # People whose account is deactivated: they get nothing.
    inactive: list[str] = field(default_factory=list)


def audience(wanted: list[str]) -> Audience:
    """How many people get what is sent to these names: two reads."""
    given = {names.fold(name): name for name in wanted}
    there = Box.objects.addressable().folded_any(given).select_related("owner")
    every = {names.fold(box.name): box for box in there}
    found = [box for box in every.values() if box.owner is None or box.owner.is_active]
    counted = _count(_each(found) | _together(found))
    known = {box.pk: _of_box(box, counted) for box in found}
    boxes = [known[every[folded].pk] for folded in given if _is_in(folded, every, known)]
    unknown = [name for folded, name in given.items() if folded not in every]
    inactive = [box.name for box in every.values() if box.pk not in known]
    return Audience(_people_of(found, counted), boxes, unknown, inactive)


def _is_in(folded: str, every: Mapping[str, Box], known: Mapping[int, Completion]) -> bool:
    return folded in every and every[folded].pk in known


_TOGETHER = 0  # no box's id


def _together(boxes: Sequence[Box]) -> dict[int, list[int]]:
    """All boxes, to be counted as one, where that is more than one of them alone."""
    if len(boxes) < 2 or _everyone_in(boxes):  # noqa: PLR2004 - one alone
        return {}
    return {_TOGETHER: [box.pk for box in boxes]} if _each(boxes) else {}


def _people_of(boxes: Sequence[Box], counted: Mapping[int, int]) -> int:
    if everyone := _everyone_in(boxes):
        return counted.get(everyone.pk, 0)
    named = sum(box.owner_id is not None for box in boxes)
    shared = _TOGETHER if len(boxes) > 1 else next(iter(_each(boxes)), _TOGETHER)
    return named + counted.get(shared, 0)


def _everyone_in(boxes: Iterable[Box]) -> Box | None:
    return next((box for box in boxes if box.kind == Box.Kind.EVERYONE), None)


def _of_boxes(boxes: Iterable[Box]) -> list[Completion]:
    found = list(boxes)
    counted = _count(_each(found))
    return [_of_box(box, counted) for box in found]


def _each(boxes: Iterable[Box]) -> dict[int, list[int]]:
    """Groups, and everyone, to be counted one by one."""
    return {box.pk: [box.pk] for box in boxes if box.owner_id is None}


def _of_box(box: Box, counted: Mapping[int, int]) -> Completion:
    full_name = box.owner.get_full_name() if box.owner else ""
    return Completion(box.name, box.kind, full_name, 1 if box.owner else counted.get(box.pk, 0))


def sizes(box_ids: Sequence[int]) -> dict[int, int]:
    """How many people groups, and everyone, deliver to, each counted once."""
    return _count({pk: [pk] for pk in box_ids})


# Down to the members of groups that these feed; neither a group itself, nor who is named directly,
# is counted as a member. Members of one box are different people; only those of several have to be
# told apart, which takes far longer. Everyone holds all people: nothing is counted beside it. Who
# is deactivated gets nothing, in whatever group.
_SIZES = """
WITH RECURSIVE gone AS MATERIALIZED (
    SELECT b.id FROM mail_user u JOIN mail_box b ON b.owner_id = u.id AND b.kind = 'personal'
    WHERE NOT u.is_active
), reached (root, box_id) AS (
    SELECT root, id FROM unnest(%s::bigint[], %s::bigint[]) AS r (root, id)
    UNION
    SELECT r.root, s.target_id FROM reached r
    JOIN mail_subscription s ON s.source_id = r.box_id
    JOIN mail_box g ON g.id = s.target_id AND g.kind = 'group'
), shared AS (
    SELECT r.root, r.box_id, b.kind, count(*) OVER roots AS boxes,
           bool_or(b.kind = 'everyone') OVER roots AS everyone
    FROM reached r JOIN mail_box b ON b.id = r.box_id AND b.kind <> 'personal'
    WINDOW roots AS (PARTITION BY r.root)
)
SELECT c.root, count(*) FROM shared c JOIN mail_subscription s ON s.source_id = c.box_id
WHERE (c.kind = 'everyone' OR c.boxes = 1)
  AND NOT EXISTS (SELECT FROM reached x WHERE x.root = c.root AND x.box_id = s.target_id)
  AND NOT EXISTS (SELECT FROM gone g WHERE g.id = s.target_id)
GROUP BY c.root
UNION ALL
SELECT c.root, count(DISTINCT s.target_id)
FROM shared c JOIN mail_subscription s ON s.source_id = c.box_id
WHERE NOT c.everyone AND c.boxes > 1
  AND NOT EXISTS (SELECT FROM reached x WHERE x.root = c.root AND x.box_id = s.target_id)
  AND NOT EXISTS (SELECT FROM gone g WHERE g.id = s.target_id)
GROUP BY c.root
"""


def _count(sets: Mapping[int, Collection[int]]) -> dict[int, int]:
    """How many people sets of boxes deliver to, without those whose own box is among them."""
    if not sets:
        return {}
    pairs = [(root, box_id) for root, box_ids in sets.items() for box_id in box_ids]
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [[root for root, _ in pairs], [box_id for _, box_id in pairs]])
        return dict(cursor.fetchall())


_CALLED = """
SELECT id FROM mail_user WHERE is_active AND mail_plain(first_name || last_name) = mail_plain(%s)
UNION SELECT id FROM mail_user
WHERE is_active AND mail_plain(last_name || first_name) = mail_plain(%s) LIMIT %s
"""


def people_called(name: str, *, limit: int = 8) -> list[User]:
    """Somebody by their username or, if that is nobody's, the people of that full name.

    Without regard to case and accents, first name and last in either order.
    """
    box = Box.objects.filter(kind=Box.Kind.PERSONAL).named(name).select_related("owner").first()
    if box is not None and box.owner is not None:
        return [box.owner]
    text = name.strip()[: names.MAX_FULL]
    if not any(map(str.isalnum, text)):
        return []
    with connection.cursor() as cursor:
        cursor.execute(_CALLED, [text, text, limit])
        found = [pk for (pk,) in cursor.fetchall()]
    return list(User.objects.filter(pk__in=found).order_by("username"))
