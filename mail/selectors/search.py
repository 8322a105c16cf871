"""Posts in one's own boxes, by what people type into a search.

Words are kept with the posts and looked up without regard to who has them; boxes know who has
posts, and nothing of words. The two may live on different machines, so they are never joined. The
same goes for the files of posts. A word is rare or common, and each is found in a way of its own:

- The newest posts of the boxes are looked through. A common word has filled the page then.
- Otherwise the index is asked which posts have the words, as far as `RARE`. If that was all of
  them, the boxes are asked which of these they have.
- Otherwise the boxes are looked through further, as far as `WALKED`. What is not found by then is
  told by a page that has another page behind it.

So a page costs a bounded number of statements, each of which reads a bounded number of rows, but
for one that reads all people's names where a query has `from:` or `to:`. Ids on their way from one
table to the other stay as PostgreSQL wrote them: thousands are not made objects.
"""

import html
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Left
from django.utils import timezone

from mail import names
from mail.models import Box, DeliveredPost, Flag, Post, User, first_post_id
from mail.search import tokenizer
from mail.search.people import named
from mail.search.query import Field, In, Is, Query, Side, State, When, folder_key, unknown_folder
from mail.selectors.boxes import own_boxes
from mail.selectors.mailbox import (
    PAGE,
    DeliveredFilter,
    DeliveredRow,
    MessageRow,
    lines_of,
    rows_of,
)

WALKED = (500, 3_000, 3_000, 3_000)  # delivered posts that are looked through, batch by batch
RARE = 6_000  # posts that have the words, of all there are, to be looked for in the boxes
HOPELESS = 5 * RARE  # posts that the planner expects: the index is not asked for so many
READ = 20_000  # characters of a body's HTML that are looked through for what to show of it
EXCERPT = 200  # characters of it that are shown


class Place(NamedTuple):
    """Where a page begins: below this post, and this copy of it."""

    post_id: UUID
    box_id: int


class _Hit(NamedTuple):
    box_id: int
    uid: int
    post_id: UUID

    @property
    def place(self) -> Place:
        return Place(self.post_id, self.box_id)


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of what was found, newest first; it may be short, and yet have more behind it."""

    lines: list[MessageRow]
    boxes: dict[int, Box]
    next_before: Place | None


def search(user: User, query: Query, *, before: Place | None = None, limit: int = PAGE) -> Hits:
    """What a person has that fits a query, without the trash unless that is asked for.

    Raises SearchInvalid for a folder that is not there.
    """
    boxes = {box.pk: box for box in own_boxes(user)}
    own = boxes.values()
    looking = _Looking(_chosen(list(own), query), named(query, own), DeliveredFilter())
    hits, place = _found(looking, before, limit)
    return Hits(_with_excerpts(_in_order(_not_recalled(_rows(hits))), query), boxes, place)


def searched_rows(
    boxes: Sequence[Box],
    query: Query,
    wanted: DeliveredFilter,
    *,
    everywhere: bool = False,
    before: tuple[UUID, int] | None,
    limit: int,
) -> tuple[list[DeliveredRow], tuple[UUID, int] | None]:
    """The same as the API shows it, of the given boxes, and filtered further.

    With `everywhere` the trash is no exception.
    """
    start = None if before is None else Place(*before)
    looking = _Looking(_chosen(boxes, query, everywhere=everywhere), named(query, boxes), wanted)
    hits, place = _found(looking, start, limit)
    return _in_order(rows_of(_rows(hits))), place


def searched_keys(
    boxes: Sequence[Box],
    query: Query,
    seen: Mapping[int, int],
    *,
    before: Place | None,
    limit: int,
) -> tuple[list[tuple[int, int]], Place | None]:
    """Box and uid of what is found, of each box up to the uid that one has seen of it.

    The query is one that names people already, since it is asked batch after batch.
    """
    box_ids = [pk for pk in _chosen(boxes, query) if pk in seen]
    hits, place = _found(_Looking(box_ids, query, DeliveredFilter(), seen), before, limit)
    return [(hit.box_id, hit.uid) for hit in hits], place


def searched_lines(keys: Collection[tuple[int, int]], query: Query) -> list[MessageRow]:
    """Some delivered posts as a search shows them, newest first, also if it finds them no more."""
    rows = DeliveredPost.objects.filter(pk__in=keys)
    return _with_excerpts(_in_order(_not_recalled(rows)), query)


def searched_among(
    boxes: Sequence[Box], query: Query, box: Box, posts: Collection[UUID]
) -> list[MessageRow]:
    """What a search finds of some posts in one of the boxes, as it shows them."""
    if box.pk not in _chosen(boxes, query):
        return []
    rows = _restricted(DeliveredPost.objects.filter(box=box, post__in=posts), query)
    ids = map(str, rows.values_list("post_id", flat=True))
    fitting = _fitting(f"{{{','.join(ids)}}}", named(query, boxes)) or "{}"
    return _with_excerpts(_not_recalled(rows.filter(_any_of(fitting))), query)


def _not_recalled(rows: QuerySet[DeliveredPost]) -> list[MessageRow]:
    return [line for line in lines_of(rows) if not line.is_recalled]


def _rows(hits: Sequence[_Hit]) -> QuerySet[DeliveredPost]:
    return DeliveredPost.objects.filter(pk__in=[(hit.box_id, hit.uid) for hit in hits])


def _in_order[T: (MessageRow, DeliveredRow)](rows: Iterable[T]) -> list[T]:
    return sorted(rows, key=lambda row: (row.post_id, row.box_id), reverse=True)


# --- Where to look -------------------------------------------------------------------------------


def _chosen(boxes: Sequence[Box], query: Query, *, everywhere: bool = False) -> list[int]:
    """The boxes that a query names, or all but the trash; raises SearchInvalid."""
    keys = {box.pk: _key(box) for box in boxes}
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for part in query.parts:
        if isinstance(part, In):
            key = folder_key(part.folder)
            if key not in keys.values() and not everywhere:
                raise unknown_folder(query, part)
            (unwanted if part.negated else wanted).add(key)
    if not wanted and not everywhere:
        unwanted.add(names.TRASH)
    return [pk for pk, key in keys.items() if (not wanted or key in wanted) and key not in unwanted]


def _key(box: Box) -> str:
    return "" if box.kind == Box.Kind.PERSONAL else names.fold(box.short_name)


def _restricted(rows: QuerySet[DeliveredPost], query: Query) -> QuerySet[DeliveredPost]:
    """What the boxes themselves know about the parts of a query."""
    for part in query.parts:
        if isinstance(part, Is):
            fits = _STATES[part.state]
        elif isinstance(part, When):
            day = first_post_id(timezone.make_aware(datetime.combine(part.day, time())))
            fits = Q(post__lt=day) if part.side == Side.BEFORE else Q(post__gte=day)
        else:
            continue
        rows = rows.exclude(fits) if part.negated else rows.filter(fits)
    return rows


_STATES = {
    State.READ: Q(read_at__isnull=False),
    State.UNREAD: Q(read_at__isnull=True),
    State.FLAGGED: Q(flags__contains=[Flag.FLAGGED.value]),
}


# --- Looking -------------------------------------------------------------------------------------


class _Walk(NamedTuple):
    """Some delivered posts in order: how many, their posts, and the last one's place."""

    number: int
    post_ids: str  # as PostgreSQL writes an array
    end: Place | None


@dataclass(frozen=True, slots=True)
class _Looking:
    """A query over boxes."""

    box_ids: list[int]
    query: Query
    wanted: DeliveredFilter
    seen: Mapping[int, int] | None = None  # up to which uid of each box, if not all

    def _newest(
        self, before: Place | None, limit: int, post_ids: str | None = None
    ) -> QuerySet[DeliveredPost, Any]:
        """The newest delivered posts below a place: from each box its own, by its index."""
        branches = []
        for box_id in self.box_ids:
            rows = self.wanted.apply(DeliveredPost.objects.filter(box=box_id))
            rows = _restricted(rows, self.query)
            if self.seen is not None:
                rows = rows.filter(uid__lte=self.seen[box_id])
            if before is not None:
                bound = "post_id__lte" if box_id < before.box_id else "post_id__lt"
                rows = rows.filter(**{bound: before.post_id})
            if post_ids is not None:
                rows = rows.filter(_any_of(post_ids))
            keys = rows.order_by("-post_id").values_list("box_id", "uid", "post_id")
            branches.append(keys[:limit])
        if len(branches) == 1:
            return branches[0]
        united = branches[0].union(*branches[1:], all=True)
        return united.order_by("-post_id", "-box_id")[:limit]

    def hits(self, before: Place | None, limit: int, post_ids: str | None = None) -> list[_Hit]:
        return [_Hit(*row) for row in self._newest(before, limit, post_ids)]

    def walk(self, before: Place | None, limit: int) -> _Walk:
        rows, params = self._newest(before, limit).query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(_WALK.format(rows), params)
            count, post_ids, post_id, box_id = cursor.fetchone()
        return _Walk(count, post_ids or "{}", Place(post_id, box_id) if count else None)


def _any_of(post_ids: str) -> RawSQL:
    """As one parameter, however many they are."""
    return RawSQL("post_id = ANY (%s::uuid[])", [post_ids], BooleanField())


_WALK = """
SELECT count(*), array_agg(post_id)::text,
       (array_agg(post_id))[count(*)], (array_agg(box_id))[count(*)] FROM ({}) AS walked
"""
_FITTING = """
SELECT array_agg(post_id)::text FROM mail_postwords
WHERE post_id = ANY (%s::uuid[]) AND words @@ %s::tsquery
"""
_WITH_FILES = """
SELECT array_agg(id)::text FROM unnest(%s::uuid[]) AS walked (id)
WHERE EXISTS (SELECT FROM mail_attachment a WHERE a.post_id = walked.id)
"""
_WITHOUT_FILES = _WITH_FILES.replace("WHERE EXISTS", "WHERE NOT EXISTS")
_EXPECTED = "EXPLAIN (FORMAT JSON) SELECT FROM mail_postwords WHERE words @@ %s::tsquery"
# Planned as if all were read, which is by the index unless most posts have the words, and stopped
# once they are too many. What the index does not know is asked of those few only.
_RARE = """
WITH rough AS MATERIALIZED (
    SELECT post_id, words @@ %s::tsquery AS fits FROM mail_postwords WHERE words @@ %s::tsquery
), few AS (SELECT post_id, fits FROM rough LIMIT %s)
SELECT count(*), (array_agg(post_id) FILTER (WHERE fits))::text FROM few
"""


def _fitting(post_ids: str, query: Query) -> str | None:
    """Of some posts those that have the words, and the files; None for none."""
    fitting: str | None = post_ids
    if query.texts:
        fitting = _value(_FITTING, post_ids, query.condition)
    for part in query.files:
        fitting = _value(_WITHOUT_FILES if part.negated else _WITH_FILES, fitting or "{}")
    return fitting


def _rare(query: Query) -> str | None:
    """All posts that have the words of a query; None if they are too many to say."""
    rough = query.rough_condition
    if not rough or _value(_EXPECTED, rough)[0]["Plan"]["Plan Rows"] > HOPELESS:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_RARE, [query.condition, rough, RARE + 1])
        count, post_ids = cursor.fetchone()
    return None if count > RARE else post_ids or "{}"


def _value(sql: str, *params: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]


def _found(looking: _Looking, before: Place | None, limit: int) -> tuple[list[_Hit], Place | None]:
    """So many copies at most, and where the next page begins, if there may be one."""
    query = looking.query
    if not query or not looking.box_ids:
        return [], None
    if not query.texts and not query.files:
        return _cut(looking.hits(before, limit + 1), limit)
    hits: list[_Hit] = []
    for nr, batch in enumerate(WALKED):
        walk = looking.walk(before, batch)
        if (fitting := _fitting(walk.post_ids, query)) is not None:
            found = looking.hits(before, limit + 1 - len(hits), fitting)
            # Another copy of the last post may lie beyond the end.
            hits += [hit for hit in found if walk.end is None or hit.place >= walk.end]
        if len(hits) > limit or walk.number < batch:
            return _cut(hits, limit)
        before = walk.end
        if nr == 0 and (rare := _rare(query)) is not None:
            fitting = _fitting(rare, query) or "{}" if query.files else rare
            return _cut(hits + looking.hits(before, limit + 1 - len(hits), fitting), limit)
    return hits, before


def _cut(hits: list[_Hit], limit: int) -> tuple[list[_Hit], Place | None]:
    """One page, and where the next begins if there was one more."""
    return hits[:limit], hits[limit - 1].place if len(hits) > limit else None


# --- What to show --------------------------------------------------------------------------------

_TAG = re.compile(r"<[^>]*>?")


def _with_excerpts(shown: list[MessageRow], query: Query) -> list[MessageRow]:
    """Lines whose first words give way to those around what was found, where there are any."""
    patterns = query.patterns(Field.ANY)
    if not patterns:
        return shown
    posts = Post.objects.filter(pk__in={line.post_id for line in shown})
    excerpts = {
        post_id: tokenizer.excerpt(_plain(start), patterns, length=EXCERPT)
        for post_id, start in posts.values_list("pk", Left("body_html", READ))
    }
    return [replace(line, snippet=excerpts.get(line.post_id, "") or line.snippet) for line in shown]


def _plain(body_html: str) -> str:
    """The text of sanitised HTML, which may be cut short anywhere; to be escaped again."""
    return " ".join(html.unescape(_TAG.sub(" ", body_html)).split())
