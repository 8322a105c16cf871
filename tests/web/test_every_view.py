"""Every view: its statements at any size, and what it says to the signed out and the mistaken."""

import io
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from mail import selectors, services
from mail.models import ApiToken, Attachment, Draft, Flag, Session, User, new_post_id
from mail.selectors.selection import some
from mail.web.urls import urlpatterns

DRAFT = UUID("0197fb1a-0000-7000-8000-000000000001")  # that is written, sent, and taken back
KEPT = UUID("0197fb1a-0000-7000-8000-000000000002")  # that is there already

ATTACHED = UUID("0197fb1a-0000-7000-8000-000000000003")
ELSEWHERE = Session(session_key="elsewhere")


@dataclass(frozen=True)
class Case:
    """A request as bob makes it, and how many statements it costs."""

    method: str
    path: str
    statements: int
    data: dict[str, Any] = field(default_factory=dict)
    htmx: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}{' htmx' if self.htmx else ''}"

    def run(self, client: Client, state: str = "0.0", inbox: int = 0):
        headers = {"HX-Request": "true"} if self.htmx else {}
        send = client.get if self.method == "GET" else client.post
        data = self.data
        if "/search/" in self.path:  # where what is meant has its box before it
            data = {name: str(given).replace("{inbox}", str(inbox)) for name, given in data.items()}
        answer = send(self.path.replace("{state}", state), data, headers=headers)
        b"".join(answer)  # of a file, all of it
        return answer


WRITTEN: dict[str, Any] = {"to": "alice", "subject": "s", "body": "b"}
HITS: dict[str, Any] = {"q": "in:inbox", "uid": "{inbox}.7"}
FOUND: dict[str, Any] = {"q": "in:inbox", "all": 1, "seen": "{inbox}.6"}
# In this order, by one person, in one mailbox.
CASES = [
    Case("GET", "/", 8),
    Case("GET", "/inbox/", 8),
    Case("GET", "/sent/", 8),
    Case("GET", "/inbox/news/?since={state}", 13),
    Case("GET", "/search/?q=f1", 12),
    Case("GET", "/search/inbox/7/?q=in:inbox", 19),
    Case("GET", "/search/inbox/7/?q=in:inbox", 13, htmx=True),
    Case("POST", "/search/mark-read/", 9, HITS, htmx=True),
    Case("POST", "/search/mark-read/", 5, FOUND),
    Case("POST", "/search/mark-unread/", 12, HITS | FOUND, htmx=True),
    Case("POST", "/search/flag/", 9, HITS, htmx=True),
    Case("POST", "/search/unflag/", 9, HITS, htmx=True),
    Case("POST", "/search/archive/", 15, HITS | {"q": "is:unread"}, htmx=True),
    Case("POST", "/search/archive/undo/", 14, HITS | {"moved": "{inbox}:1-1"}, htmx=True),
    Case("POST", "/search/move/?to=folder-own", 11, HITS | {"uid": "{inbox}.8"}, htmx=True),
    Case("POST", "/search/folder-own/undo/", 14, HITS | {"moved": "{inbox}:1-1"}, htmx=True),
    Case("POST", "/search/delete/", 11, HITS | {"uid": "{inbox}.9"}, htmx=True),
    Case("POST", "/search/delete/", 2, HITS | {"q": "in:trash"}),
    Case("GET", "/inbox/3/", 18),
    Case("GET", "/inbox/3/", 13, htmx=True),
    Case("GET", "/inbox/3/raw/", 6),
    Case("POST", "/inbox/3/mute/", 14, htmx=True),
    Case("POST", "/inbox/3/unmute/", 8, htmx=True),
    Case("GET", "/inbox/3/reply/", 5),
    Case("GET", "/inbox/3/reply-all/", 5),
    Case("GET", "/inbox/3/forward/", 6),
    Case("POST", "/inbox/mark-read/", 8, {"uid": [3, 4]}, htmx=True),
    Case("POST", "/inbox/mark-unread/", 8, {"uid": [3, 4]}, htmx=True),
    Case("POST", "/inbox/flag/", 8, {"uid": [3, 4]}, htmx=True),
    Case("POST", "/inbox/unflag/", 8, {"uid": [3, 4]}, htmx=True),
    Case("POST", "/inbox/archive/", 9, {"uid": [3]}, htmx=True),
    Case("POST", "/inbox/move/?to=folder-own", 9, {"uid": [4]}, htmx=True),
    Case("POST", "/folder-own/move/?to=inbox", 9, {"uid": [1]}, htmx=True),
    Case("POST", "/inbox/delete/", 9, {"uid": [5]}, htmx=True),
    Case("POST", "/trash/delete/", 5, {"uid": [1]}, htmx=True),
    Case("GET", "/trash/empty/", 4),
    Case("POST", "/trash/empty/", 7, {"up_to": 3}),
    Case("GET", "/folders/new/", 2),
    Case("POST", "/folders/new/", 9, {"name": "new"}),
    Case("POST", "/folder-new/delete-folder/", 15),
    Case("POST", "/density/", 5, {"density": "roomy"}),
    Case("GET", "/compose/", 2),
    Case("POST", "/compose/save/", 7, WRITTEN | {"draft": DRAFT}, htmx=True),
    Case("POST", "/compose/preview/", 2, WRITTEN, htmx=True),
    Case("GET", "/compose/complete/?q=a", 4),
    Case("GET", "/compose/recipients/?names=alice,crew", 4),
    Case("GET", f"/compose/{DRAFT}/", 4),
    Case("POST", f"/compose/{KEPT}/attach/?name=a", 14, {"b": "c"}),
    Case("GET", f"/attachments/{ATTACHED}/", 4),
    Case("POST", f"/attachments/{ATTACHED}/detach/", 5),
    Case("GET", "/drafts/", 4),
    Case("POST", "/compose/", 26, WRITTEN | {"draft": DRAFT, "version": 1}),
    Case("GET", "/sent/1/recall/", 6),
    Case("POST", "/sent/1/recall/", 18),
    Case("POST", f"/sent/{DRAFT}/undo/", 21),
    Case("GET", f"/compose/{KEPT}/discard/", 3),
    Case("POST", f"/compose/{KEPT}/discard/", 4),
    Case("GET", "/groups/", 8),
    Case("GET", "/groups/?q=c", 8),
    Case("GET", "/new-group/", 2),
    Case("POST", "/new-group/", 20, {"name": "g", "join_policy": "open", "post_policy": "anyone"}),
    Case("GET", "/groups/crew/", 18),
    Case("POST", "/groups/crew/mute/", 12),
    Case("POST", "/groups/crew/unmute/", 12),
    Case("POST", "/groups/open/join/", 22),
    Case("POST", "/groups/open/leave/", 24),
    Case("POST", "/groups/closed/ask/", 13),
    Case("POST", "/groups/closed/withdraw/", 9),
    Case("POST", "/groups/g/accept/", 13, {"person": "charlie"}),
    Case("POST", "/groups/g/refuse/", 11, {"person": "charlie"}),
    Case("GET", "/groups/g/edit/", 9),
    Case("POST", "/groups/g/edit/", 11, {"join_policy": "manager", "post_policy": "members"}),
    Case("POST", "/groups/g/add-member/", 23, {"person": "alice"}),
    Case("POST", "/groups/g/add-members/", 23, {"people": "charlie"}),
    Case("POST", "/groups/g/add-manager/", 11, {"person": "alice"}),
    Case("POST", "/groups/g/remove-manager/", 15, {"person": "alice"}),
    Case("POST", "/groups/g/remove-member/", 26, {"person": "alice"}),
    Case("POST", "/groups/g/add-source/", 18, {"source": "everyone"}),
    Case("POST", "/groups/g/remove-source/", 23, {"source": "everyone"}),
    Case("GET", "/groups/g/delete/", 10),
    Case("POST", "/groups/g/delete/", 29),
    Case("GET", "/settings/", 2),
    Case("POST", "/settings/", 5, {"theme": "auto", "density": "cosy", "page_size": 50}),
    Case("GET", "/settings/tokens/", 3),
    Case("POST", "/settings/tokens/", 5, {"name": "x"}),
    Case("POST", "/settings/tokens/900000/revoke/", 3),
    Case("GET", "/settings/sessions/", 3),
    Case("POST", f"/settings/sessions/{ELSEWHERE.handle}/end/", 4),
    Case("POST", "/settings/sessions/end-others/", 3),
    Case("GET", "/password/", 2),
    Case("GET", "/password/changed/", 2),
]
BY_PERSON = [case for case in CASES if not case.htmx]


@pytest.fixture
def mailbox(alice, bob: User, charlie, crew, fill) -> User:
    services.groups.create(name="open", by=alice)
    services.groups.create(name="closed", by=alice, join_policy="manager")
    services.folders.create(owner=bob, name="own")
    ApiToken.objects.create(pk=900_000, user=bob, name="x")
    later = timezone.now() + timedelta(days=1)
    Session.objects.create(session_key=ELSEWHERE.session_key, user=bob, expire_date=later)
    draft = Draft.objects.create(id=KEPT, owner=bob, updated=timezone.now())
    services.attachments.attach(draft=draft, file=io.BytesIO(b"x"), name="x")
    Attachment.objects.update(id=ATTACHED)
    services.sending.send(sender=bob, to=["alice"], subject="sent")
    for folder in ("", "trash", "sent"):
        fill(selectors.boxes.own_box(bob, folder), 10)
    return bob


def grow(bob: User, fill, size: int) -> None:
    for folder in ("", "archive", "trash", "sent"):
        fill(selectors.boxes.own_box(bob, folder), size)
    now = timezone.now()
    Draft.objects.bulk_create(
        Draft(id=new_post_id(), owner=bob, subject=f"d{n}", updated=now) for n in range(size)
    )


@pytest.mark.parametrize("size", [0, 10_000])
def test_statements(signed_in, mailbox, fill, size):
    grow(mailbox, fill, size)
    client = signed_in(mailbox)
    state = client.get("/").context["state"]
    services.mailbox.store_flags(
        selection=some(selectors.boxes.own_box(mailbox), [8]), add=[Flag.SEEN]
    )
    inbox, spent = selectors.boxes.own_box(mailbox).pk, {}
    for case in CASES:
        with CaptureQueriesContext(connection) as queries:
            answer = case.run(client, state, inbox)
        assert answer.status_code < HTTPStatus.BAD_REQUEST, case
        spent[str(case)] = len(queries)
        # A search takes a few batches at most, and one fewer for each that it does not need.
        if "/search/?q" in case.path and len(queries) <= case.statements:
            spent[str(case)] = case.statements
    assert spent == {str(case): case.statements for case in CASES}


def test_no_view_is_forgotten():
    signed_out = {"sign_in", "sign_out"}
    seen = {resolve(case.path.partition("?")[0]).url_name for case in CASES}
    assert seen | signed_out == {pattern.name for pattern in urlpatterns}


@pytest.mark.parametrize("case", BY_PERSON, ids=str)
def test_signed_out(client, db, case):
    answer = case.run(client)
    if case.method == "POST" and case.path == "/compose/":  # what was typed is shown, not lost
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
    else:
        assert answer.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("path", sorted({case.path.partition("?")[0] for case in CASES}))
def test_wrong_method(signed_in, mailbox, path):
    assert signed_in(mailbox).delete(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED


OF_OTHERS = [
    *("/inbox/3/", "/inbox/3/raw/", "/inbox/3/reply/", "/inbox/3/reply-all/", "/inbox/3/forward/"),
    *(
        f"/attachments/{ATTACHED}/",
        "/sent/1/recall/",
        f"/compose/{KEPT}/",
        f"/compose/{KEPT}/discard/",
        "/folder-own/",
    ),
]


@pytest.mark.parametrize("path", OF_OTHERS)
def test_of_others_is_404(signed_in, mailbox, charlie, path):
    assert signed_in(charlie).get(path).status_code == HTTPStatus.NOT_FOUND
