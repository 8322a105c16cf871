"""Where people and groups are made, and members change, by whatever way: the services follow."""

from typing import Any

from django.apps import apps as registry
from django.apps.registry import Apps
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_migrate, post_save, pre_delete, pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from mail import errors, names, services
from mail.auth.sessions import MAX_USER_AGENT, SEEN, STARTED, USER_AGENT
from mail.models import Box, User


@receiver(pre_save, sender=User)
def check_username(instance: User, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Raises ValidationError, which Django's own commands and forms know how to show."""
    if update_fields is not None and "username" not in update_fields:
        return
    try:
        if instance._state.adding:  # noqa: SLF001 - documented for exactly this
            instance.username = services.people.check_name_free(name=instance.username)
        elif not User.objects.filter(pk=instance.pk, username=instance.username).exists():
            raise errors.NameFixed(name=instance.username)
    except errors.InvalidInput as error:
        raise ValidationError({"username": str(error)}) from error


@receiver(post_save, sender=User)
def provision(instance: User, *, created: bool, **_: Any) -> None:
    if created:
        services.people.provision(user_ids=[instance.pk])


@receiver(pre_delete, sender=User)
def reserve_name(instance: User, **_: Any) -> None:
    services.people.reserve_name(user=instance)


@receiver(user_logged_in)
def provision_late(user: User, **_: Any) -> None:
    """Accounts that were made past all signals, in bulk, get their boxes here at the latest."""
    services.people.provision(user_ids=[user.pk])


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, **_: Any) -> None:
    """Note in the session with what somebody signed in, and when, so that they can tell it."""
    user_agent = request.headers.get("User-Agent", "")
    request.session[USER_AGENT] = user_agent[:MAX_USER_AGENT]
    request.session[STARTED] = request.session[SEEN] = timezone.now().isoformat()


@receiver(pre_save, sender=Group)
def check_group_name(instance: Group, **_: Any) -> None:
    """Raises NameFixed: a group is named like its box."""
    known = Group.objects.filter(pk=instance.pk).values_list("name", flat=True).first()
    if known is None:
        instance.name = names.check(instance.name)
    elif known != instance.name:
        raise errors.NameFixed(name=known)


@receiver(post_save, sender=Group)
def open_box(instance: Group, *, created: bool, **_: Any) -> None:
    if created:
        services.groups.open_box(group=instance)


@receiver(pre_delete, sender=Group)
def close_box(instance: Group, **_: Any) -> None:
    services.groups.close_box(group=instance)


@receiver(m2m_changed, sender=User.groups.through)
def follow_members(instance: User | Group, action: str, pk_set: set[int] | None, **_: Any) -> None:
    """Subscriptions follow `user.groups` and `group.user_set`, in sets."""
    change = {
        "post_add": services.memberships.members_joined,
        "post_remove": services.memberships.members_left,
        "post_clear": services.memberships.members_left,
    }.get(action)
    if action == "pre_clear":  # afterwards nobody knows who they were
        members = instance.user_set if isinstance(instance, Group) else instance.groups
        instance.cleared = set(members.values_list("pk", flat=True))  # type: ignore[union-attr]
    if change is None:
        return
    changed: set[int] = instance.cleared if pk_set is None else pk_set  # type: ignore[union-attr]
    if isinstance(instance, Group):
        change(group_id=instance.pk, user_ids=changed)
        return
    for group_id in changed:
        change(group_id=group_id, user_ids=[instance.pk])


@receiver(post_migrate)
def open_everyone(app_config: object, apps: Apps = registry, **_: Any) -> None:
    """The one box for everyone is there as soon as its table is, as permissions are."""
    if getattr(app_config, "label", "") == "mail" and _has_all_columns(apps):
        services.groups.open_everyone()


def _has_all_columns(apps: Apps) -> bool:
    """Whether boxes are stored as this code reads them, not as on the way there, or back."""
    stored = apps.all_models["mail"].get("box")
    return stored is not None and _columns(stored) == _columns(Box)


def _columns(model: type[Model]) -> set[str | None]:
    return {field.column for field in model._meta.concrete_fields}  # noqa: SLF001 - documented
