"""What is answered while the database is away, or a lock is not granted in time."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client

from mail import errors, selectors, services
from mail.models import Box, DeliveredPost
from mail.selectors.selection import some

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def impatient(box: Box) -> Iterator[None]:
    """Hold a box's counter elsewhere, and wait only a moment for locks here."""
    import psycopg

    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT FROM mail_boxcounter WHERE box_id = %s FOR NO KEY UPDATE", [box.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '20ms'")
        yield
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


@pytest.fixture
def box(alice, bob) -> Box:
    services.sending.send(sender=alice, to=["bob"], subject="hello")
    return selectors.boxes.own_box(bob)


def client_of(user) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def test_a_page_says_503_when_to_come_back_and_changes_nothing(bob, box):
    client = client_of(bob)
    with impatient(box):
        answer = client.post("/inbox/mark-read/", {"uid": 1})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Nothing that was sent is lost." in answer.text
    assert not DeliveredPost.objects.get(box=box).is_read


def test_the_api_says_503_as_a_problem(bob, box):
    client = client_of(bob)
    with impatient(box):
        answer = client.post(
            "/postapi/actions/mark-read",
            {"box": "bob", "posts": [1]},
            content_type="application/json",
        )
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["code"] == "unavailable"


def test_what_was_accepted_is_answered_with_success(alice, bob, box):
    client = client_of(alice)
    with impatient(box):
        answer = client.post(
            "/postapi/actions/deliver",
            {"to": ["bob"], "subject": "later"},
            content_type="application/json",
        )
    assert answer.status_code == 202
    assert client.get(answer.json()["submission"]).json()["state"] == "accepted"
    services.sending.deliver_pending()
    assert client.get(answer.json()["submission"]).json()["state"] == "delivered"


def test_of_many_wrong_fields_twenty_are_listed(bob):
    answer = client_of(bob).post(
        "/postapi/actions/deliver", {"to": [1] * 500}, content_type="application/json"
    )
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 20
    assert answer.json()["error_count"] == 500


@pytest.mark.parametrize("path", ["/sign-in/", "/groups/", "/search/", "/compose/"])
def test_large_bodies_are_refused_where_no_file_is_taken(client, path, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = client.post(path, b"x" * 1001, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413


def test_pages_are_kept_by_no_cache(bob, box):
    client = client_of(bob)
    for path in ("/", "/inbox/1/", "/drafts/", "/settings/", "/sign-in/"):
        assert {"private", "no-store"} <= set(client.get(path).headers["Cache-Control"].split(", "))
    fragment = client.get("/inbox/1/", headers={"HX-Request": "true"})
    assert fragment.headers["Cache-Control"] == "private, no-store"


def test_an_unknown_address_is_our_page_while_trying_out_too(bob, settings):
    settings.DEBUG = True
    answer = client_of(bob).get("/nowhere/")
    assert answer.status_code == 404
    assert "There is no such thing here." in answer.text


@pytest.mark.parametrize("name", ["folder-Sent", "folder-sent", "folder-TRASH", "folder-MINE"])
def test_a_folder_in_another_case_is_not_found(bob, name):
    services.folders.create(owner=bob, name="mine")
    assert client_of(bob).get(f"/{name}/").status_code == 404
    assert client_of(bob).get("/folder-mine/").status_code == 200


@pytest.mark.parametrize("back", ["0", "inbox", "//evil.example", "x y"])
def test_any_way_back_from_the_density_is_no_fault(bob, back):
    answer = client_of(bob).post("/density/", {"density": "roomy", "next": back})
    assert answer.status_code == 302


def test_moving_into_a_folder_that_was_just_deleted_loses_nothing(alice, bob, box):
    mine = services.folders.create(owner=bob, name="mine")
    kept = Box.objects.get(pk=mine.pk)
    services.folders.delete(box=mine)
    with pytest.raises(errors.NotFound):
        services.mailbox.move(selection=some(box, [1]), to=kept)
    assert DeliveredPost.objects.filter(box=box).count() == 1
