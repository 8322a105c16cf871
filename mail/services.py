"""Every write: typed, keyword-only; errors come from `mail.errors`, transactions open here."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from mail import (
    accounts,
    changes,
    delivery,
    errors,
    markdown,
    names,
    policies,
    selectors,
    submitting,
    validation,
)
from mail.models import Box, BoxCounter, DeliveredPost, Post, Submission, User

MAX_RECIPIENTS = 20_000
ORPHANS_KEPT = timedelta(days=7)
TOMBSTONES_KEPT = timedelta(days=30)


# --- Sending -------------------------------------------------------------------------------------


def send(
    *,
    sender: User,
    to: Sequence[str] = (),
    subject: str = "",
    body: str = "",
    content_type: str = Post.ContentType.MARKDOWN,
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    in_reply_to: UUID | None = None,
    idempotency_key: str | None = None,
) -> Submission:
    """Send a post to people, groups or everyone, named in any mixture.

    What is accepted is safe: it is committed before the delivery starts, and `deliver_pending`
    finishes what a crash leaves. The same idempotency key of a sender sends once. Raises
    InvalidInput, with the field, or NotAllowed, before anything is stored.
    """
    addressees = resolve(sender=sender, to=to, cc=cc, bcc=bcc)
    post = compose(
        sender=sender,
        subject=subject,
        body=body,
        content_type=content_type,
        to=[box.name for box in addressees.to],
        cc=[box.name for box in addressees.cc],
        in_reply_to=in_reply_to,
    )
    submission = delivery.retried(lambda: _accept(post, sender, addressees, idempotency_key))
    if submission.state == Submission.State.ACCEPTED:
        submitting.finish(submission)
    return submission


class Addressees(NamedTuple):
    to: list[Box]
    cc: list[Box]
    bcc: list[Box]

    @property
    def box_ids(self) -> list[int]:
        return sorted({box.pk for boxes in self for box in boxes})


def resolve(
    *, sender: User, to: Sequence[str], cc: Sequence[str] = (), bcc: Sequence[str] = ()
) -> Addressees:
    """The boxes that these names stand for, each once; all must exist and be allowed.

    Raises NoRecipients, TooManyRecipients, UnknownRecipient or NotAllowed.
    """
    fields = {"to": to, "cc": cc, "bcc": bcc}
    wanted = [name for given in fields.values() for name in given]
    if not wanted:
        raise errors.NoRecipients
    if len(wanted) > MAX_RECIPIENTS:
        raise errors.TooManyRecipients(count=len(wanted), limit=MAX_RECIPIENTS)
    boxes = {names.fold(box.name): box for box in Box.objects.addressable().named_any(wanted)}
    for field, given in fields.items():
        if unknown := [name for name in given if names.fold(name) not in boxes]:
            raise errors.UnknownRecipient(names=unknown[:10], field=field)
    policies.check_posting(sender, boxes.values())
    chosen = {
        field: list({names.fold(name): boxes[names.fold(name)] for name in given}.values())
        for field, given in fields.items()
    }
    return Addressees(**chosen)


def compose(
    *,
    sender: User,
    subject: str,
    body: str,
    content_type: str,
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    in_reply_to: UUID | None = None,
) -> Post:
    """A checked and rendered post that is not stored yet; raises InvalidInput."""
    post = Post(
        sender=sender,
        sender_name=sender.username,
        created=timezone.now(),
        subject=validation.subject(subject),
        content_type=validation.content_type(content_type),
        body=validation.body(body),
        in_reply_to=in_reply_to,
        to=list(to),
        cc=list(cc),
    )
    post.thread = post.pk if in_reply_to is None else _thread_of(sender, in_reply_to)
    render(post=post)
    return post


def render(*, post: Post) -> None:
    """Fill in what follows from a post's body, without storing it."""
    made = markdown.rendered(post.body, content_type=post.content_type, key=str(post.pk))
    post.body_html, post.snippet = made.html, made.snippet
    post.renderer = markdown.RENDERER_VERSION


def _thread_of(sender: User, post_id: UUID) -> UUID:
    post = selectors.readable_posts(sender, [post_id]).only("thread").first()
    if post is None:
        raise errors.RepliedToUnknown
    return post.thread


def _accept(post: Post, sender: User, addressees: Addressees, key: str | None) -> Submission:
    sent_box = selectors.own_box(sender, "sent")
    try:
        with transaction.atomic(durable=True):
            post.save(force_insert=True)
            return Submission.objects.create(
                post=post,
                sender=sender,
                recipients=addressees.box_ids,
                sent_box=sent_box.pk,
                send_at=post.created,
                next_attempt_at=post.created,
                idempotency_key=key,
            )
    except IntegrityError:
        # The key was used before, or a lost connection hid that this very post was accepted.
        same = Q(post_id=post.pk) | Q(sender=sender, idempotency_key=key or "")
        if (earlier := Submission.objects.filter(same).select_related("post").first()) is None:
            raise
        return earlier


def deliver_pending(*, limit: int = 1000) -> list[Submission]:
    """Finish submissions that were accepted but, after a crash, not delivered; oldest first."""
    due = Submission.objects.filter(
        state=Submission.State.ACCEPTED, next_attempt_at__lte=timezone.now()
    )
    found = list(due.order_by("next_attempt_at").select_related("post")[:limit])
    for submission in found:
        submitting.finish(submission)
    return found


def deliver(*, post: Post, box: Box, by: User) -> DeliveredPost:
    """Deliver a post that its author has stored already to one more box.

    Raises NotFound unless `by` wrote it, NotAllowed by the box's policy, AlreadyDelivered.
    """
    if post.sender_id != by.pk or post.recalled:
        raise errors.NotFound
    policies.check_posting(by, [box])
    row = delivery.Delivery(post.pk, post.subject, post.sender_name, [box.pk])
    if not (rows := delivery.retried(lambda: delivery.insert([row]))):
        raise errors.AlreadyDelivered(name=box.name)
    return DeliveredPost.objects.get(box=box, uid=rows[0].uid)


# --- A box's own ---------------------------------------------------------------------------------


def sync(*, box: Box, batches: int | None = None) -> delivery.Pulled:
    """Serve the subscriptions of a box, to the end or for so many batches."""
    # What people write to their own groups arrives read.
    owner_name = box.name if box.kind == Box.Kind.PERSONAL else ""
    inserted = 0
    while True:
        pulled = delivery.pull(box.pk, owner_name=owner_name)
        inserted += pulled.inserted
        batches = None if batches is None else batches - 1
        if not pulled.more or batches == 0:
            return delivery.Pulled(inserted, pulled.more)


def mark_read(*, box: Box, uids: Collection[int] | None) -> int:
    """Mark delivered posts of a box read, all of them with None; says how many changed."""
    return delivery.retried(lambda: changes.mark(box.pk, _listed(uids), read=True))


def mark_unread(*, box: Box, uids: Collection[int] | None) -> int:
    """Mark delivered posts of a box unread, all of them with None; says how many changed."""
    return delivery.retried(lambda: changes.mark(box.pk, _listed(uids), read=False))


def _listed(uids: Collection[int] | None) -> list[int] | None:
    return None if uids is None else list(uids)


def move(*, box: Box, uids: Collection[int], to: Box) -> list[int]:
    """Move delivered posts to another box of the same person; their new uids, in order.

    Raises FolderOfAnother.
    """
    if box.owner_id is None or box.owner_id != to.owner_id:
        raise errors.FolderOfAnother
    if box.pk == to.pk:
        return sorted(uids)
    return delivery.retried(lambda: _move(box.pk, list(uids), to.pk))


@transaction.atomic
def _move(box_id: int, uids: Sequence[int], to_id: int) -> list[int]:
    return changes.move(box_id, uids, to_id, delivery.lock([box_id, to_id]))


def delete(*, box: Box, uids: Collection[int]) -> list[int]:
    """Remove delivered posts from a box for good; nobody else's copy and no post is touched."""
    return delivery.retried(lambda: _delete(box.pk, list(uids)))


@transaction.atomic
def _delete(box_id: int, uids: Sequence[int]) -> list[int]:
    counter = delivery.lock([box_id]).get(box_id)
    return changes.remove(box_id, uids, counter) if counter else []


# --- Posts ---------------------------------------------------------------------------------------


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
            changes.remove_everywhere(*post_id)
        needed = set(DeliveredPost.objects.filter(post__in=ids).values_list("post_id", flat=True))
        pending = Submission.objects.filter(post__in=ids, state=Submission.State.ACCEPTED)
        needed.update(pending.values_list("post_id", flat=True))
        Post.objects.filter(pk__in=needed).exclude(orphaned=None).update(orphaned=None)
        orphans = Post.objects.filter(pk__in=set(ids) - needed)
        _, by_model = orphans.filter(orphaned__lt=now - ORPHANS_KEPT).delete()
        reaped += by_model.get("mail.Post", 0)
        orphans.filter(orphaned=None).update(orphaned=now)
    return reaped


def _post_ids(after: UUID, *, before: object) -> list[UUID]:
    posts = Post.objects.filter(pk__gt=after, created__lt=before).order_by("pk")
    return list(posts.values_list("pk", flat=True)[: delivery.BATCH])


def purge_tombstones() -> int:
    """Forget what left boxes long ago; says how much. Counters remember the sum."""
    total = 0
    while purged := delivery.retried(lambda: changes.purge(timezone.now() - TOMBSTONES_KEPT)):
        total += purged
    return total


# --- Groups --------------------------------------------------------------------------------------


@transaction.atomic
def create_group(*, name: str, by: User, description: str = "") -> Box:
    """Make a group, whose maker becomes its manager; raises NameInvalid or NameTaken."""
    name = names.check(name)
    if Group.objects.filter(name=name).exists():
        raise errors.NameTaken(name=name)
    box = Box.objects.get(group=Group.objects.create(name=name))
    box.description = description
    box.save(update_fields=["description"])
    box.managers.add(by)
    return box


def join(*, box: Box, user: User, by: User) -> None:
    """Make a person a member of a group; raises NotFound or JoiningNotAllowed."""
    group = _group_of(box)
    policies.check_joining(box, by, user)
    user.groups.add(group)


def leave(*, box: Box, user: User, by: User) -> None:
    """End a person's membership, after serving what was posted until now.

    Raises NotFound, LeavingNotAllowed or ManagingNotAllowed.
    """
    policies.check_leaving(box, by, user)
    user.groups.remove(_group_of(box))


def _group_of(box: Box) -> Group:
    if box.group is None:
        raise errors.NotFound
    return box.group


def subscribe(*, source: Box, target: Box, by: User) -> None:
    """Feed a group with what is posted to another group, or to everyone, from now on.

    Raises NotFound unless both are such, ManagingNotAllowed, AlreadySubscribed or ClosesCircle.
    """
    if source.owner_id is not None or target.group_id is None:
        raise errors.NotFound
    for box in (source, target):
        if box.group_id is not None:
            policies.check_managing(box, by)
    sync(box=source)
    with transaction.atomic():
        # One at a time, lest two at once close a circle together.
        Box.objects.select_for_update(no_key=True).get(kind=Box.Kind.EVERYONE)
        if delivery.feeds(target.pk, source.pk):
            raise errors.ClosesCircle(source=source.name, target=target.name)
        if not delivery.subscribe(source.pk, [target.pk]):
            raise errors.AlreadySubscribed(source=source.name, target=target.name)
        BoxCounter.objects.filter(pk=target.pk).update(fed=True)


def unsubscribe(*, source: Box, target: Box, by: User) -> None:
    """End such a subscription, after serving it; raises ManagingNotAllowed."""
    policies.check_managing(target, by)
    sync(box=source)
    with transaction.atomic():
        delivery.unsubscribe(source.pk, [target.pk])
        fed = target.subscriptions.exists()
        BoxCounter.objects.filter(pk=target.pk).update(fed=fed)


def members_joined(*, group_id: int, user_ids: Collection[int]) -> None:
    """Subscribe the personal boxes of people who are now in a group: set-based."""
    box = Box.objects.get(group_id=group_id)
    sync(box=box)  # what still waits above a group of groups was posted before they joined
    delivery.subscribe(box.pk, _personal_boxes(user_ids))


def members_left(*, group_id: int, user_ids: Collection[int]) -> None:
    """Serve people who are no longer in a group, then end their subscriptions: set-based."""
    box = Box.objects.get(group_id=group_id)
    sync(box=box)
    delivery.unsubscribe(box.pk, _personal_boxes(user_ids))


def _personal_boxes(user_ids: Collection[int]) -> list[int]:
    boxes = Box.objects.filter(kind=Box.Kind.PERSONAL, owner__in=user_ids)
    return list(boxes.values_list("pk", flat=True))


@transaction.atomic
def open_group_box(*, group: Group) -> Box:
    """Give a group its box, or the one back that a deleted group of this name left behind.

    Raises NameInvalid or NameTaken.
    """
    name = names.check(group.name)
    box = Box.objects.named(name).first()
    if box is None:
        box = Box.objects.create(name=name, kind=Box.Kind.GROUP, group=group)
        BoxCounter.objects.create(box=box)
    elif box.kind == Box.Kind.GROUP and box.group_id is None and box.name == name:
        box.group = group
        box.save(update_fields=["group"])
    else:
        raise errors.NameTaken(name=name)
    return box


@transaction.atomic
def open_everyone() -> Box:
    """The one box for everyone, made if it is not there yet."""
    box, _ = Box.objects.get_or_create(kind=Box.Kind.EVERYONE, defaults={"name": names.EVERYONE})
    BoxCounter.objects.get_or_create(box=box)
    return box


def close_group_box(*, group: Group) -> None:
    """Serve all members of a group that is about to be deleted, and end every subscription."""
    box = Box.objects.filter(group=group).first()
    if box is None:
        return
    sync(box=box)
    delivery.unsubscribe(box.pk, list(box.subscribers.values_list("target_id", flat=True)))
    box.subscriptions.all().delete()
    box.managers.clear()
    BoxCounter.objects.filter(pk=box.pk).update(fed=False)


def check_group_name(*, name: str) -> None:
    """Raises NameInvalid, or NameTaken unless the name is that of a group since deleted."""
    names.check(name)
    closed = Box.objects.filter(kind=Box.Kind.GROUP, group=None, name=name)
    if Box.objects.named(name).exclude(pk__in=closed).exists():
        raise errors.NameTaken(name=name)


# --- People --------------------------------------------------------------------------------------


def provision(*, user_ids: Collection[int]) -> None:
    """Give people the boxes and the subscription to everyone that they lack: set-based."""
    accounts.provision(list(user_ids))


def check_name_free(*, name: str) -> None:
    """Raises NameInvalid, or NameTaken where the name belongs to anybody or anything."""
    names.check(name)
    if Box.objects.named(name).exists():
        raise errors.NameTaken(name=name)


@transaction.atomic
def import_users(*, users: Iterable[User]) -> int:
    """Store a batch of new people with their boxes: a fixed number of statements.

    Raises NameInvalid or NameTaken for the first name that cannot be had, and stores none.
    """
    batch = list(users)
    for user in batch:
        names.check(user.username)
    wanted = [user.username for user in batch]
    taken = Box.objects.named_any(wanted).values_list("name", flat=True).first()
    if taken is not None:
        raise errors.NameTaken(name=taken)
    for folded, count in Counter(map(names.fold, wanted)).items():
        if count > 1:
            raise errors.NameTaken(name=folded)
    made = User.objects.bulk_create(batch)
    accounts.provision([user.pk for user in made])
    return len(made)
