"""A fixed cast, as services make it: alice and bob in the group `crew`, charlie a stranger."""

import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from mail import selectors, services
from mail.delivery import insert
from mail.models import Attachment, Box, Draft, Post, ReservedName, User


@pytest.fixture
def attach() -> Callable[..., Attachment]:
    """Attach some bytes to a draft."""

    def attach(draft: Draft, content: bytes = b"content", name: str = "a.txt") -> Attachment:
        return services.attachments.attach(draft=draft, file=io.BytesIO(content), name=name)

    return attach


@pytest.fixture
def alice(db) -> User:
    return User.objects.create_user("alice", password="deadbeef")


@pytest.fixture
def bob(db) -> User:
    return User.objects.create_user("bob", password="deadbeef")


@pytest.fixture
def charlie(db) -> User:
    return User.objects.create_user("charlie", password="deadbeef")


@pytest.fixture
def staff(db) -> User:
    return User.objects.create_superuser("staff", password="deadbeef")


@pytest.fixture
def crew(alice, bob) -> Box:
    """A group that alice manages and bob is a member of."""
    box = services.groups.create(name="crew", by=alice)
    for user in (alice, bob):
        services.memberships.join(box=box, user=user, by=user)
    return box


@pytest.fixture
def everyone(db) -> Box:
    return Box.objects.get(kind=Box.Kind.EVERYONE)


@pytest.fixture
def subjects() -> Callable[..., list[str]]:
    """What a person finds in a box after a sync, newest first."""

    def subjects(user: User, folder: str = "") -> list[str]:
        services.mailbox.sync(box=selectors.boxes.own_box(user))
        return [
            line.subject
            for line in selectors.mailbox.page(selectors.boxes.own_box(user, folder)).rows
        ]

    return subjects


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def fill() -> Callable[[Box, int], None]:
    """Put so many posts of nobody's into a box, in bulk."""

    def fill(box: Box, count: int) -> None:
        now = timezone.now()
        ReservedName.objects.bulk_create([ReservedName(name="x")], ignore_conflicts=True)
        posts = [Post(created=now, subject=f"f{n}", sender_name="x") for n in range(count)]
        for post in posts:
            post.thread = post.pk
        Post.objects.bulk_create(posts)
        rows = [
            insert.Delivery(post.pk, post.thread, post.subject, "x", [box.pk]) for post in posts
        ]
        insert.insert(rows)

    return fill
