"""People and their boxes."""

from collections import Counter
from collections.abc import Collection, Iterable

from django.db import transaction

from mail import errors, names
from mail.delivery.provision import make_boxes
from mail.models import Box, User


def provision(*, user_ids: Collection[int]) -> None:
    """Give people the boxes and the subscription to everyone that they lack: set-based."""
    make_boxes(list(user_ids))


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
    make_boxes([user.pk for user in made])
    return len(made)
