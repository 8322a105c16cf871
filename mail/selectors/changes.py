"""What happened in a box since a state."""

import re
from dataclasses import dataclass

from django.db.models import QuerySet

from mail import errors
from mail.models import Box, BoxCounter, DeliveredPost, Tombstone


@dataclass(frozen=True, slots=True)
class BoxChanges:
    """What happened in a box between two states: uids."""

    state: str
    has_more: bool
    added: list[int]
    changed: list[int]
    removed: list[int]


def state_of(counter: BoxCounter) -> str:
    """A box's state: its modseq, and the uid up to which one has seen it."""
    return f"{counter.modseq}.{counter.last_uid}"


def after(box: Box, since: str, *, limit: int) -> BoxChanges:
    """What happened after a state; raises StateInvalid, or StateTooOld where it is not known.

    At most about `limit` changes: those of one modseq were made at once and stay together.
    """
    counter = BoxCounter.objects.get(pk=box.pk)
    modseq, last_uid = _state(since, counter)
    if modseq < counter.purged_modseq:
        raise errors.StateTooOld
    # What happens while this reads is said as well, and once more the next time: a bound would
    # leave out a new post that was marked meanwhile, and later call it changed, never added.
    rows = DeliveredPost.objects.filter(box=box, modseq__gt=modseq)
    gone = Tombstone.objects.filter(box=box, modseq__gt=modseq)
    upto, has_more = _cut(rows, gone, limit, counter.modseq)
    if has_more:
        rows, gone = rows.filter(modseq__lte=upto), gone.filter(modseq__lte=upto)
    alive = list(rows.order_by("uid").values_list("uid", flat=True))
    removed = gone.order_by("uid").values_list("uid", flat=True)
    return BoxChanges(
        # Before the end the old uid stays: what comes is then said to be added once too often
        # rather than never.
        state=f"{upto}.{last_uid}" if has_more else state_of(counter),
        has_more=has_more,
        added=[uid for uid in alive if uid > last_uid],
        changed=[uid for uid in alive if uid <= last_uid],
        removed=list(removed),
    )


def recent(box: Box, since: str, *, limit: int) -> BoxChanges | None:
    """What happened after a state, or None where it is easier to read the box anew."""
    try:
        changes = after(box, since, limit=limit)
    except errors.StateTooOld:
        return None
    return None if changes.has_more else changes


def modseq_of(state: str) -> int:
    """The modseq that a state stands for; raises StateInvalid."""
    return _numbers(state)[0]


def _numbers(state: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,18})\.([0-9]{1,18})", state)
    if match is None:
        raise errors.StateInvalid
    return int(match[1]), int(match[2])


def _state(since: str, counter: BoxCounter) -> tuple[int, int]:
    modseq, last_uid = _numbers(since)
    if modseq > counter.modseq or last_uid > counter.last_uid:
        raise errors.StateInvalid
    return modseq, last_uid


def _cut(
    rows: QuerySet[DeliveredPost], gone: QuerySet[Tombstone], limit: int, end: int
) -> tuple[int, bool]:
    """Up to which modseq one answer goes, and whether that is not the end."""
    modseqs = rows.values_list("modseq").union(gone.values_list("modseq"), all=True)
    first = [modseq for (modseq,) in modseqs.order_by("modseq")[: limit + 1]]
    if len(first) <= limit:
        return end, False
    # The first beyond the limit is left for the next answer, unless all belong to it.
    upto = first[-1] - 1 if first[-1] > first[0] else first[-1]
    return upto, True
