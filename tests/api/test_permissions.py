"""Every operation by everybody who might ask. A new operation without a row fails."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mail import selectors, services
from mail.models import Box, Post, Session, User

from .conftest import Api
from .test_openapi import OPERATIONS

# The cast: bob owns the mailbox that is asked for, charlie is a stranger to it, dora is a member
# of the crew, alice manages it, staff has all of Django's permissions, nobody is signed out.
WHO = ("owner", "stranger", "member", "manager", "staff", "signed out")

ALL = (200, 200, 200, 200, 200, 401)
MAKES = (201, 201, 201, 201, 201, 401)
OWN = (200, 404, 404, 404, 404, 401)
OWN_GONE = (204, 404, 404, 404, 404, 401)
OWN_NAMED = (200, 400, 400, 400, 400, 401)  # in a body another's box is an unknown one

MATRIX: dict[str, tuple[int, ...]] = {
    "root": ALL,
    "list_users": ALL,
    "get_user": ALL,
    "list_boxes": ALL,
    "create_box": MAKES,
    "get_box": OWN,  # a folder of bob's
    "delete_box": (403, 403, 403, 204, 204, 401),  # the crew
    "describe_group": (403, 403, 403, 200, 200, 401),
    "list_members": ALL,
    "add_members": (403, 403, 403, 204, 204, 401),
    "join": (403, 403, 403, 204, 204, 401),  # charlie, by somebody else
    "leave": (403, 403, 204, 204, 204, 401),  # dora, who may leave by herself
    "list_managers": ALL,
    "add_manager": (403, 403, 403, 204, 204, 401),
    "remove_manager": (403, 403, 403, 204, 204, 401),
    "list_changes": OWN,
    "export_box": OWN,
    "list_posts": ALL,
    "create_post": MAKES,
    "get_post": (200, 404, 404, 200, 404, 401),  # alice wrote it to bob
    "recall_post": (403, 404, 404, 204, 204, 401),
    "report_recall": (403, 404, 404, 200, 200, 401),
    "list_delivered_posts": OWN,  # of bob's box
    "create_delivered_post": (400, 400, 400, 201, 400, 401),  # of alice's post
    "get_delivered_post": OWN,
    "mark_delivered_post": OWN,
    "delete_delivered_post": OWN_GONE,
    "list_subscriptions": ALL,
    "create_subscription": MAKES,
    "get_subscription": OWN,
    "change_subscription": OWN,
    "delete_subscription": OWN_GONE,
    "deliver": (403, 403, 403, 200, 403, 401),  # to the crew, which takes its managers' posts only
    "sync": (204, 400, 400, 400, 400, 401),
    "move": OWN_NAMED,
    "mark_read": OWN_NAMED,
    "flag": OWN_NAMED,
    "delete": OWN_NAMED,
    "empty_trash": OWN_NAMED,  # up to a post of bob's
    "list_completions": ALL,
    "audience": ALL,
    "list_submissions": ALL,
    "get_submission": (404, 404, 404, 200, 404, 401),  # alice's
    "undo_submission": (404, 404, 404, 200, 404, 401),
    "list_drafts": ALL,
    "create_draft": MAKES,
    "get_draft": OWN,
    "save_draft": OWN,
    "delete_draft": OWN_GONE,
    "send_draft": OWN,
    "list_join_requests": ALL,  # of the crew: one's own, or all for who manages it
    "ask_to_join": (204, 204, 204, 204, 204, 401),
    "accept_join_request": (403, 403, 403, 204, 204, 401),  # charlie
    "end_join_request": (403, 204, 403, 204, 204, 401),  # charlie's own
    "get_settings": ALL,
    "save_settings": ALL,
    "list_attachments": OWN,
    "attach": (201, 404, 404, 404, 404, 401),  # to a draft of bob's
    "get_attachment": OWN,
    "get_attachment_content": OWN,
    "detach": OWN_GONE,
    "list_muted_threads": ALL,
    "mute_thread": (201, 400, 400, 201, 400, 401),  # of the post from alice to bob
    "get_muted_thread": OWN,
    "unmute_thread": OWN_GONE,
    "list_sessions": ALL,
    "end_other_sessions": ALL,
    "end_session": OWN_GONE,
    "list_tokens": ALL,
    "create_token": MAKES,
    "revoke_token": OWN_GONE,
}


@pytest.fixture
def world(alice, bob, charlie, staff) -> dict[str, Any]:
    dora = User.objects.create_user("dora")
    crew = services.groups.create(
        name="crew", by=alice, post_policy=Box.PostPolicy.MANAGERS, join_policy="manager"
    )
    other = services.groups.create(name="other", by=charlie)
    services.memberships.join(box=crew, user=dora, by=alice)
    services.memberships.join(box=other, user=bob, by=bob)
    submission = services.sending.send(sender=alice, to=["bob"], subject="x")
    stored: Post = services.sending.store(sender=alice)
    muted = services.sending.send(sender=alice, to=["bob"]).post
    services.muting.mute_thread(user=bob, thread=muted.thread)
    token, _ = services.account.create_token(user=bob, name="x")
    later = timezone.now() + timedelta(days=1)
    session = Session.objects.create(session_key="x", user=bob, started=later, expire_date=later)
    box, draft = selectors.boxes.own_box(bob), services.drafts.save(owner=bob, to="alice")
    attached = services.attachments.attach(draft=draft, file=io.BytesIO(b"content"), name="a.txt")
    return {
        "who": [bob, charlie, dora, alice, staff],
        "post": submission.post_id,
        "stored": stored.pk,
        "muted": muted.thread,
        "submission": submission.pk,
        "delivered": f"{box.pk}.1",
        "subscription": f"{box.pk}.{other.pk}",
        "token": token.pk,
        "session": session.handle,
        "draft": draft.pk,
        "attachment": attached.pk,
        "trash": f"{selectors.boxes.own_box(bob, 'trash').pk}.0",
    }


# How each operation that needs more than its address is asked for: path and body.
ASKED: dict[str, Callable[[dict[str, Any]], tuple[str, Any]]] = {
    "root": lambda _: ("", None),
    "get_user": lambda _: ("users/bob", None),
    "create_box": lambda _: ("boxes", {"name": "a new group"}),
    "get_box": lambda _: ("boxes/bob:sent", None),
    "delete_box": lambda _: ("boxes/crew", None),
    "describe_group": lambda _: (
        "boxes/crew/about",
        {"description": "x", "join_policy": "open", "post_policy": "members"},
    ),
    "list_members": lambda _: ("boxes/crew/members", None),
    "add_members": lambda _: ("boxes/crew/members", {"people": ["charlie"]}),
    "join": lambda _: ("boxes/crew/members/charlie", None),
    "leave": lambda _: ("boxes/crew/members/dora", None),
    "list_managers": lambda _: ("boxes/crew/managers", None),
    "add_manager": lambda _: ("boxes/crew/managers/dora", None),
    "remove_manager": lambda _: ("boxes/crew/managers/dora", None),
    "list_changes": lambda _: ("boxes/bob/changes?since=0.0", None),
    "export_box": lambda _: ("boxes/bob/export", None),
    "create_post": lambda _: ("posts", {}),
    "get_post": lambda world: (f"posts/{world['post']}", None),
    "recall_post": lambda world: (f"posts/{world['post']}", None),
    "report_recall": lambda world: (f"posts/{world['post']}/recall", None),
    "list_delivered_posts": lambda _: ("delivered-posts?boxname=bob", None),
    "create_delivered_post": lambda world: (
        "delivered-posts",
        {"box": "bob", "post": str(world["stored"])},
    ),
    "get_delivered_post": lambda world: (f"delivered-posts/{world['delivered']}", None),
    "mark_delivered_post": lambda world: (
        f"delivered-posts/{world['delivered']}",
        {"is_read": True},
    ),
    "delete_delivered_post": lambda world: (f"delivered-posts/{world['delivered']}", None),
    "create_subscription": lambda _: ("subscriptions", {"source": "open group"}),
    "get_subscription": lambda world: (f"subscriptions/{world['subscription']}", None),
    "change_subscription": lambda world: (
        f"subscriptions/{world['subscription']}",
        {"watermark": 0, "muted": True},
    ),
    "delete_subscription": lambda world: (f"subscriptions/{world['subscription']}", None),
    "deliver": lambda _: ("actions/deliver", {"to": ["crew"]}),
    "sync": lambda _: ("actions/sync", {"box": "bob"}),
    "move": lambda _: ("actions/move", {"box": "bob", "posts": [1], "to": "bob"}),
    "mark_read": lambda _: ("actions/mark-read", {"box": "bob", "posts": [1]}),
    "flag": lambda _: ("actions/flag", {"box": "bob", "posts": [1]}),
    "delete": lambda _: ("actions/delete", {"box": "bob", "posts": [1]}),
    "empty_trash": lambda world: ("actions/empty-trash", {"up_to": world["trash"]}),
    "list_completions": lambda _: ("completions?q=b", None),
    "audience": lambda _: ("actions/audience", {"boxes": ["crew"]}),
    "get_submission": lambda world: (f"submissions/{world['submission']}", None),
    "undo_submission": lambda world: (f"submissions/{world['submission']}/undo", None),
    "create_draft": lambda _: ("drafts", {}),
    "get_draft": lambda world: (f"drafts/{world['draft']}", None),
    "save_draft": lambda world: (f"drafts/{world['draft']}", {"version": 1}),
    "delete_draft": lambda world: (f"drafts/{world['draft']}", None),
    "send_draft": lambda world: (f"drafts/{world['draft']}/send", None),
    "list_join_requests": lambda _: ("boxes/crew/join-requests", None),
    "ask_to_join": lambda _: ("boxes/crew/join-requests", None),
    "accept_join_request": lambda _: ("boxes/crew/join-requests/charlie/accept", None),
    "end_join_request": lambda _: ("boxes/crew/join-requests/charlie", None),
    "save_settings": lambda _: ("settings", {"theme": "dark"}),
    "list_attachments": lambda world: (f"drafts/{world['draft']}/attachments", None),
    "attach": lambda world: (f"drafts/{world['draft']}/attachments?name=a.json", {"a": 1}),
    "get_attachment": lambda world: (f"attachments/{world['attachment']}", None),
    "get_attachment_content": lambda world: (f"attachments/{world['attachment']}/content", None),
    "detach": lambda world: (f"attachments/{world['attachment']}", None),
    "mute_thread": lambda world: ("muted-threads", {"thread": str(world["post"])}),
    "get_muted_thread": lambda world: (f"muted-threads/{world['muted']}", None),
    "unmute_thread": lambda world: (f"muted-threads/{world['muted']}", None),
    "end_session": lambda world: (f"sessions/{world['session']}", None),
    "create_token": lambda _: ("tokens", {"name": "x"}),
    "revoke_token": lambda world: (f"tokens/{world['token']}", None),
}


def test_every_operation_has_a_row():
    assert set(MATRIX) == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
@pytest.mark.parametrize("who", range(len(WHO)), ids=WHO)
def test_matrix(name, who, world, alice, as_, problem):
    services.groups.create(name="open group", by=alice)
    method, path, _ = OPERATIONS[name]
    asked, data = ASKED.get(name, lambda _: (path.removeprefix("/postapi/"), None))(world)
    api = as_(world["who"][who]) if who < len(world["who"]) else Api({})

    answer = getattr(api, method)(asked, data)

    assert b"".join(answer) or answer.status_code < 400  # also what is streamed, to its end
    assert answer.status_code == MATRIX[name][who]
    if answer.status_code >= 400:
        problem(answer, MATRIX[name][who])
