"""People and their boxes."""

from collections import Counter
from collections.abc import Collection, Iterable

from django.db import transaction

from mail import errors, names
from mail.delivery.provision import make_boxes
from mail.models import Box, ReservedName, User


def provision(*, user_ids: Collection[int]) -> None:
    """Give people the boxes and the subscription to everyone that they lack: set-based."""
    make_boxes(list(user_ids))


def check_name_free(*, name: str) -> str:
    """Return the name as it is stored.

    Raises NameInvalid, or NameTaken where the name belongs, or once belonged, to anybody.
    """
    name = names.check(name)
    # In this order: who is just being deleted leaves the one name before the other goes.
    if Box.objects.named(name).exists() or ReservedName.holds(name):
        raise errors.NameTaken(name=name)
    return name


def reserve_name(*, user: User) -> None:
    """Keep the name of a person who is about to be deleted from ever being given again."""
    ReservedName.objects.bulk_create([ReservedName(name=user.username)], ignore_conflicts=True)


@transaction.atomic
def import_users(*, users: Iterable[User]) -> int:
    """Store a batch of new people with their boxes: a fixed number of statements.

    Raises NameInvalid or NameTaken for the first name that cannot be had, and stores none.
    """
    batch = list(users)
    for user in batch:
        user.username = names.check(user.username)
    wanted = [names.fold(user.username) for user in batch]
    for given in (Box.objects.folded_any(wanted), ReservedName.objects.folded_any(wanted)):
        taken = given.values_list("name", flat=True).first()
        if taken is not None:
            raise errors.NameTaken(name=taken)
    for folded, count in Counter(wanted).items():
        if count > 1:
            raise errors.NameTaken(name=folded)
    made = User.objects.bulk_create(batch)
    make_boxes([user.pk for user in made])
    return len(made)
