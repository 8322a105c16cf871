"""Work that is done from time to time: reaping, purging, indexing."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from mail import db, names, selectors
from mail.delivery import mailbox, remove
from mail.models import (
    Attachment,
    Blob,
    Box,
    Draft,
    MutedThread,
    Post,
    Submission,
)
from mail.search import index
from mail.services.attachments import FILES_KEPT
from mail.storage import blobs

ORPHANS_KEPT = timedelta(days=7)
LOOKED_BACK = timedelta(days=8)  # for posts that left a box: the reaper may miss some nights
TOMBSTONES_KEPT = timedelta(days=30)


def reap_posts(*, every: bool = False) -> int:
    """Delete posts that nothing has referred to for a while; return how many.

    In two passes: one notes since when, a later one deletes. A delivery that is on its way while
    the first looks has then long ended. Looked at are posts that left a box lately; with `every`,
    all posts, which finds what a run that was left out for more than a week has missed.
    """
    now = timezone.now()
    reaped = sum(_reap_orphans(ids, now) for ids in _noted(now - ORPHANS_KEPT))
    for ids in _every_post(now - ORPHANS_KEPT) if every else _left_lately(now):
        orphans = Post.objects.filter(pk__in=set(ids) - _needed(ids), orphaned=None)
        orphans.update(orphaned=now)
    return reaped


def _reap_orphans(ids: Sequence[UUID], now: datetime) -> int:
    needed = _needed(ids)
    Post.objects.filter(pk__in=needed).update(orphaned=None)
    return _reap(Post.objects.filter(pk__in=set(ids) - needed, orphaned__lt=now - ORPHANS_KEPT))


def _needed(ids: Sequence[UUID]) -> set[UUID]:
    """Return those of some posts that somebody has, or that are on their way."""
    pending = Submission.objects.filter(post__in=ids, state=Submission.State.ACCEPTED)
    return selectors.posts.in_any_box(ids) | set(pending.values_list("post_id", flat=True))


def _noted(before: datetime) -> Iterator[list[UUID]]:
    """Yield posts that were noted as orphans before a time, in batches."""
    noted = Post.objects.filter(orphaned__lt=before)
    return _batches(noted)


def _every_post(before: datetime) -> Iterator[list[UUID]]:
    return _batches(Post.objects.filter(created__lt=before))


def _batches(posts: QuerySet[Post]) -> Iterator[list[UUID]]:
    after = UUID(int=0)
    in_order = posts.order_by("pk").values_list("pk", flat=True)
    while ids := list(in_order.filter(pk__gt=after)[: db.BATCH]):
        yield ids
        after = ids[-1]


def _left_lately(now: datetime) -> Iterator[list[UUID]]:
    """Yield posts that left a box since a while before the last runs, in batches."""
    place: selectors.posts.Leaving | None = None
    while True:
        ids, place = selectors.posts.left_since(now - LOOKED_BACK, place)
        yield ids
        if place is None:
            return


def _reap(posts: QuerySet[Post]) -> int:
    """Delete posts, and what was said of their conversations where that was the last of one."""
    threads = set(posts.values_list("thread", flat=True))
    _, by_model = posts.delete()
    threads -= set(Post.objects.filter(thread__in=threads).values_list("thread", flat=True))
    MutedThread.objects.filter(thread__in=threads).delete()
    return by_model.get("mail.Post", 0)


INDEXED = 200  # posts at once: each batch is a short transaction


def index_posts() -> int:
    """Make findable what is not, by this version's words; says how many. It may run at any time."""
    after, total = UUID(int=0), 0
    while ids := index.missing(after, limit=INDEXED):
        after = ids[-1]
        total += db.retried(partial(_index, ids))
    return total


@transaction.atomic
def _index(ids: list[UUID]) -> int:
    # Locked, so that one that is being reaped is not referred to.
    posts = Post.objects.filter(pk__in=ids).select_for_update(no_key=True).order_by("pk")
    files = index.names_of_files(ids)
    vectors = {
        post.pk: index.vector_of(post, files.get(post.pk, ()))
        for post in posts.only("subject", "sender_name", "to", "cc", "body")
    }
    index.add(vectors)
    return len(vectors)


def purge_tombstones() -> int:
    """Forget what left boxes long ago; says how much. Counters remember the sum."""
    total = 0
    while purged := db.retried(lambda: mailbox.purge(timezone.now() - TOMBSTONES_KEPT)):
        total += purged
    return total


TRASH_KEPT = timedelta(days=30)


def purge_trash() -> int:
    """Delete for good what was put into anybody's trash long ago; says how many."""
    before, total = timezone.now() - TRASH_KEPT, 0
    for box_ids in _trashes():
        work = partial(remove.remove_moved, box_ids, before)
        while removed := db.retried(work):
            total += removed
    return total


def _trashes() -> Iterator[list[int]]:
    """The ids of all trash boxes, in batches."""
    after, suffix = 0, names.folder("", names.TRASH)
    boxes = Box.objects.filter(kind=Box.Kind.FOLDER, name__endswith=suffix).order_by("pk")
    while ids := list(boxes.filter(pk__gt=after).values_list("pk", flat=True)[: db.BATCH]):
        yield ids
        after = ids[-1]


# --- The reaper -----------------------------------------------------------------------------------


def reap_files() -> int:
    """Remove contents that nothing has referred to for a day; says how many.

    In passes, as posts are reaped: one notes since when, a later one removes.
    """
    now = timezone.now()
    _reap_attachments()
    _reap_strays()
    used = Exists(Attachment.objects.filter(blob=OuterRef("pk")))
    Blob.objects.exclude(orphaned=None).filter(used).update(orphaned=None)
    unused = Blob.objects.filter(~used)
    old = unused.filter(orphaned__lt=now - FILES_KEPT)
    reaped = sum(_reap_blob(digest) for digest in list(old.values_list("pk", flat=True)))
    unused.filter(orphaned=None).update(orphaned=now)
    return reaped


def _reap_attachments() -> None:
    """Of drafts that were discarded, and not brought back."""
    now = timezone.now()
    gone = ~Exists(Draft.objects.filter(pk=OuterRef("draft_id")))
    of_drafts = Attachment.objects.filter(draft__isnull=False)
    of_drafts.exclude(gone).exclude(orphaned=None).update(orphaned=None)
    of_drafts.filter(gone, orphaned__lt=now - FILES_KEPT).delete()
    of_drafts.filter(gone, orphaned=None).update(orphaned=now)


def _reap_strays() -> None:
    """Files that a crash left without a row."""
    for path in blobs.strays(before=timezone.now() - FILES_KEPT):
        blobs.remove(path)


def _reap_blob(digest: str) -> int:
    """Remove a content unless it is used again: first its row, and then its file."""
    if (path := db.retried(lambda: _forgotten(digest))) is None:
        return 0
    blobs.remove(path)
    return 1


@transaction.atomic
def _forgotten(digest: str) -> str | None:
    """The file of a content whose row is deleted; None if it is used again."""
    blob = Blob.objects.select_for_update().filter(pk=digest).first()
    if blob is None or Attachment.objects.filter(blob=digest).exists():
        return None
    blob.delete()
    return blob.file
