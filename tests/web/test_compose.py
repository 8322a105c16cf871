from http import HTTPStatus
from uuid import uuid4

import pytest

from mail.models import Post


def test_works(signed_in, alice, bob, charlie, subjects):
    page = signed_in(alice).post(
        "/compose/",
        {"to": "bob, Charlie", "subject": "hi", "body": "x", "idempotency_key": uuid4()},
        follow=True,
    )
    assert "Sent to bob, charlie." in page.text
    assert subjects(bob) == subjects(charlie) == ["hi"]


def test_the_form_can_name_a_recipient(signed_in, alice):
    assert 'value="bob"' in signed_in(alice).get("/compose/", {"to": "bob"}).text


def test_twice_the_same_form_sends_once(signed_in, alice, bob, subjects):
    form = {"to": "bob", "subject": "once", "idempotency_key": uuid4()}
    for _ in range(2):
        signed_in(alice).post("/compose/", form)
    assert subjects(bob) == ["once"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"to": ""}, "This field is required."),
        ({"to": " , "}, "Say to whom"),
        ({"to": "nobody"}, "Nobody here is called “nobody”."),
        ({"to": "everyone"}, "Only people with the permission"),
        ({"to": "bob", "subject": "x" * 256}, "at most 255 characters"),
        ({"to": "bob", "body": "x" * (256 * 1024 + 1)}, "at most 262144 are allowed"),
    ],
)
def test_errors_come_back_with_the_form_and_what_was_typed(signed_in, alice, bob, bad, said):
    answer = signed_in(alice).post("/compose/", {"body": "typed before"} | bad)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert said in answer.text
    assert bad.get("body", "typed before") in answer.text
    assert not Post.objects.exists()


def test_signed_out(client, db):
    assert client.get("/compose/").status_code == HTTPStatus.FOUND
    assert client.post("/compose/").status_code == HTTPStatus.FOUND


def test_wrong_method(signed_in, alice):
    assert signed_in(alice).delete("/compose/").status_code == HTTPStatus.METHOD_NOT_ALLOWED
