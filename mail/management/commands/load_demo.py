from argparse import ArgumentParser
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from mail import selectors, services
from mail.management import demo
from mail.models import Box, DeliveredPost, Flag, Post, PostWords, Submission, User, first_post_id
from mail.selectors.selection import up_to


class Command(BaseCommand):
    help = "Fill an empty database with demo accounts and a believable mailbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing, and say nothing, otherwise"
        )

    def handle(self, *, if_empty: bool, **options: Any) -> str | None:
        if User.objects.exists():
            if not if_empty:
                raise CommandError("There are accounts already: the demo needs an empty database.")
            return self._accounts()
        load()
        if options["verbosity"]:
            self.stdout.write("Demo data loaded.")
        return self._accounts()

    def _accounts(self) -> str | None:
        """Who can sign in, where the demo is what the database holds."""
        there = User.objects.filter(username__in=[person.username for person in demo.PEOPLE])
        if there.count() < len(demo.PEOPLE):
            return None
        staff = demo.PEOPLE[0]
        others = ", ".join(person.username for person in demo.PEOPLE[1:])
        return (
            f"Demo accounts: {staff.username} / {staff.password} (superuser); "
            f"{others} / {demo.PASSWORD}"
        )


def load() -> None:
    """Play the demo's events through the services."""
    users = {person.username: _make(person) for person in demo.PEOPLE}
    for group, (manager, description) in demo.GROUPS.items():
        services.groups.create(name=group, by=users[manager], description=description)
    sent: list[tuple[Post, demo.Written]] = []
    for event in demo.EVENTS:
        match event:
            case demo.Joined(user, group):
                box = Box.objects.named(group).get()
                services.memberships.join(box=box, user=users[user], by=users[user])
            case demo.Read(user):
                box = selectors.boxes.own_box(users[user])
                services.mailbox.sync(box=box)
                services.mailbox.store_flags(selection=up_to(box), add=[Flag.SEEN])
            case demo.Written():
                answered = next((post for post, _ in sent if post.subject == event.answers), None)
                sent.append((_send(event, users[event.sender], answered), event))
    _backdate(sent)


def _make(person: demo.Person) -> User:
    extra = {"first_name": person.first_name, "last_name": person.last_name}
    make = User.objects.create_superuser if person.is_superuser else User.objects.create_user
    return make(person.username, f"{person.username}@example.org", person.password, **extra)


def _send(event: demo.Written, sender: User, answered: Post | None) -> Post:
    if answered:
        services.mailbox.sync(box=selectors.boxes.own_box(sender))  # one answers what one has read
    return services.sending.send(
        sender=sender,
        to=event.to,
        subject=event.subject,
        body=event.body,
        in_reply_to=answered.pk if answered else None,
    ).post


@transaction.atomic
def _backdate(sent: list[tuple[Post, demo.Written]]) -> None:
    """Spread the posts over the past weeks: no service offers that, since nobody else may."""
    for box in Box.objects.filter(kind=Box.Kind.PERSONAL):
        services.mailbox.sync(box=box)
    now = timezone.now()
    for post, event in sent:
        moment = now - timedelta(hours=event.hours_ago)
        Post.objects.filter(pk=post.pk).update(created=moment)
        DeliveredPost.objects.filter(post=post).update(delivered=moment)
        # An id tells when, too.
        at = UUID(int=first_post_id(moment).int + post.pk.int % 2**80)
        for model, field in _NAMED_BY:
            model.objects.filter(**{field: post.pk}).update(**{field: at})


_NAMED_BY: tuple[tuple[Any, str], ...] = (
    *((Post, "id"), (Post, "in_reply_to"), (Post, "thread")),
    *((DeliveredPost, "post"), (Submission, "post"), (PostWords, "post")),
)
