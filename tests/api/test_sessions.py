"""Where one is signed in, by program: what the page of the settings shows and does."""

import re
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.utils import timezone

from mail.models import Session

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def sign_in():
    """Sign somebody in, in a new browser."""

    def sign_in(user, user_agent: str = FIREFOX) -> Client:
        client = Client(headers={"User-Agent": user_agent})
        client.post("/sign-in/", {"username": user.username, "password": "deadbeef"})
        return client

    return sign_in


def sign_in_often(user, count: int) -> None:
    now = timezone.now()
    Session.objects.bulk_create(
        Session(
            session_key=f"{user.username}{n}",
            user=user,
            started=now - timedelta(minutes=n),
            expire_date=now + timedelta(days=1),
        )
        for n in range(count)
    )


def is_signed_in(client: Client) -> bool:
    return client.get("/").status_code == HTTPStatus.OK


def test_a_browser_finds_itself_and_ends_another(sign_in, bob):
    there, here = sign_in(bob, "x"), sign_in(bob)
    answer = here.get("/postapi/sessions")
    own, other = answer.json()
    assert own["device"] == "Firefox on Linux"
    assert own["user_agent"] == FIREFOX
    assert own["started"] == own["last_seen"] < own["expires"]
    assert [own["is_current"], other["is_current"]] == [True, False]
    assert other["device"] == "unknown browser"
    for client in (here, there):
        assert client.session.session_key not in answer.text

    assert here.delete(other["url"]).status_code == HTTPStatus.NO_CONTENT
    assert [is_signed_in(here), is_signed_in(there)] == [True, False]
    assert here.delete(other["url"]).status_code == HTTPStatus.NOT_FOUND
    assert here.delete(own["url"]).status_code == HTTPStatus.NO_CONTENT
    assert not is_signed_in(here)


def test_a_browser_signs_out_everywhere_else_and_a_program_everywhere(as_, sign_in, bob, charlie):
    here, there, strangers = sign_in(bob), sign_in(bob), sign_in(charlie)
    answer = here.generic("POST", "/postapi/sessions/end-others")
    assert answer.json() == {"ended": 1}
    assert [is_signed_in(here), is_signed_in(there)] == [True, False]

    api = as_(bob)
    assert [one["is_current"] for one in api.get("sessions").json()] == [False]
    assert api.post("sessions/end-others").json() == {"ended": 1}
    assert api.get("sessions").json() == []
    assert [is_signed_in(here), is_signed_in(strangers)] == [False, True]


def test_a_browser_changes_nothing_without_the_token_of_its_pages(bob, problem):
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    (session,) = client.get("/postapi/sessions").json()
    problem(client.generic("POST", "/postapi/sessions/end-others"), 403)
    problem(client.delete(session["url"]), 403)
    assert client.get("/postapi/sessions").status_code == HTTPStatus.OK


def test_the_last_come_first_page_by_page(as_, bob, charlie, problem):
    sign_in_often(bob, 5)
    sign_in_often(charlie, 1)
    api, path, seen = as_(bob), "/postapi/sessions?limit=2", []
    while path:
        answer = api.get(path)
        seen += [one["url"].rpartition("/")[2] for one in answer.json()]
        found = re.search("<(.*)>", answer.headers.get("Link", ""))
        path = found[1] if found else ""
    assert seen == [Session(session_key=f"bob{n}").handle for n in range(5)]
    for cursor in ("YWJj", "MjAyNi0wMS0wMQ"):
        problem(api.get(f"sessions?cursor={cursor}"), 400, code="cursor-invalid")


def test_costs_the_same_at_any_size(as_, bob, django_assert_num_queries):
    api = as_(bob)
    api.get("sessions")  # which writes down that the token was used
    for count in (1, 200):
        Session.objects.filter(user=bob).delete()
        sign_in_often(bob, count)
        with django_assert_num_queries(2):  # the token, the sessions
            assert len(api.get("sessions?limit=200").json()) == count


def test_what_has_expired_is_not_shown(as_, bob):
    sign_in_often(bob, 2)
    Session.objects.filter(session_key="bob0").update(expire_date=timezone.now())
    assert len(as_(bob).get("sessions").json()) == 1


def test_a_strangers_session_signed_out_and_wrong_method(as_, bob, charlie, signed_out, problem):
    sign_in_often(bob, 1)
    (session,) = as_(bob).get("sessions").json()
    for handle in (session["url"], "sessions/x", "sessions/bob0"):
        problem(as_(charlie).delete(handle), 404)
    assert Session.objects.filter(user=bob).exists()
    for answer in (
        signed_out.get("sessions"),
        signed_out.delete(session["url"]),
        signed_out.post("sessions/end-others"),
    ):
        problem(answer, 401)
    problem(as_(bob).post("sessions", {}), 405)
    problem(as_(bob).get(session["url"]), 405)
    problem(as_(bob).delete("sessions/end-others"), 405)
