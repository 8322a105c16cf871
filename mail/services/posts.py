"""What happens to posts after they were sent."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mail import changes, delivery, indexing, policies
from mail.models import DeliveredPost, MutedThread, Post, Submission, User

ORPHANS_KEPT = timedelta(days=7)
TOMBSTONES_KEPT = timedelta(days=30)


def recall(*, post: Post, by: User) -> int:
    """Hide a post everywhere at once, then remove it from every box; says from how many.

    Raises RecallNotAllowed.
    """
    policies.check_recalling(post, by)
    # Committed first: from here on no list shows it, whatever copies a sync is just making.
    Post.objects.filter(pk=post.pk, recalled=None).update(recalled=timezone.now())
    Submission.objects.filter(post_id=post.pk, state=Submission.State.ACCEPTED).update(
        state=Submission.State.DELIVERED, next_attempt_at=None
    )
    return changes.remove_everywhere(post.pk)


def reap_posts() -> int:
    """Delete posts that nothing has referred to for a while; says how many.

    In two passes: the first notes since when, a later one deletes. A delivery that is on its way
    while the first looks has then long ended.
    """
    now = timezone.now()
    after, reaped = UUID(int=0), 0
    while ids := _post_ids(after, before=now - ORPHANS_KEPT):
        after = ids[-1]
        for post_id in Post.objects.filter(pk__in=ids).exclude(recalled=None).values_list("pk"):
            changes.sweep(*post_id)
        needed = set(DeliveredPost.objects.filter(post__in=ids).values_list("post_id", flat=True))
        pending = Submission.objects.filter(post__in=ids, state=Submission.State.ACCEPTED)
        needed.update(pending.values_list("post_id", flat=True))
        Post.objects.filter(pk__in=needed).exclude(orphaned=None).update(orphaned=None)
        orphans = Post.objects.filter(pk__in=set(ids) - needed)
        reaped += _reap(orphans.filter(orphaned__lt=now - ORPHANS_KEPT))
        orphans.filter(orphaned=None).update(orphaned=now)
    return reaped


def _reap(posts: QuerySet[Post]) -> int:
    """Delete posts, and what was said of their conversations where that was the last of one."""
    threads = set(posts.values_list("thread", flat=True))
    _, by_model = posts.delete()
    threads -= set(Post.objects.filter(thread__in=threads).values_list("thread", flat=True))
    MutedThread.objects.filter(thread__in=threads).delete()
    return by_model.get("mail.Post", 0)


def _post_ids(after: UUID, *, before: object) -> list[UUID]:
    posts = Post.objects.filter(pk__gt=after, created__lt=before).order_by("pk")
    return list(posts.values_list("pk", flat=True)[: delivery.BATCH])


INDEXED = 200  # posts at once: each batch is a short transaction


def index_posts() -> int:
    """Make findable what is not, by this version's words; says how many. It may run at any time."""
    after, total = UUID(int=0), 0
    while ids := indexing.missing(after, limit=INDEXED):
        after = ids[-1]
        total += delivery.retried(partial(_index, ids))
    return total


@transaction.atomic
def _index(ids: list[UUID]) -> int:
    # Locked, so that one that is being reaped is not referred to.
    posts = Post.objects.filter(pk__in=ids).select_for_update(no_key=True).order_by("pk")
    files = indexing.names_of_files(ids)
    vectors = {
        post.pk: indexing.vector_of(post, files.get(post.pk, ()))
        for post in posts.only("subject", "sender_name", "to", "cc", "body")
    }
    indexing.add(vectors)
    return len(vectors)


def purge_tombstones() -> int:
    """Forget what left boxes long ago; says how much. Counters remember the sum."""
    total = 0
    while purged := delivery.retried(lambda: changes.purge(timezone.now() - TOMBSTONES_KEPT)):
        total += purged
    return total
