"""Folders that people make, and the trash."""

from django.db import IntegrityError, transaction

from mail import errors, names, selectors
from mail.delivery import counters
from mail.models import Box, BoxCounter, DeliveredPost, User
from mail.selectors import selection
from mail.services import mailbox


@transaction.atomic
def create(*, owner: User, name: str) -> Box:
    """Make a folder of a person's; raises NameInvalid or NameTaken."""
    full = names.check_folder(owner.username, name)
    if Box.objects.named(full).exists():
        raise errors.NameTaken(name=full)
    try:
        with transaction.atomic():
            box = Box.objects.create(name=full, kind=Box.Kind.FOLDER, owner=owner)
    except IntegrityError:  # somebody else was quicker
        raise errors.NameTaken(name=full) from None
    BoxCounter.objects.create(box=box)
    return box


@transaction.atomic
def delete(*, box: Box) -> None:
    """Delete an empty folder that its owner made; raises FolderFixed or FolderNotEmpty."""
    if box.kind != Box.Kind.FOLDER or box.short_name in names.FOLDERS:
        raise errors.FolderFixed(name=box.name)
    counters.lock([box.pk])
    if DeliveredPost.objects.filter(box=box).exists():
        raise errors.FolderNotEmpty(name=box.name)
    box.delete()


def empty_trash(*, owner: User, up_to: int) -> int:
    """Delete for good what is in a person's trash up to a uid, the last seen; return how many."""
    trash = selectors.boxes.own_box(owner, names.TRASH)
    return mailbox.delete(selection=selection.up_to(trash, up_to))
