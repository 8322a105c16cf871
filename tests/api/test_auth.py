import base64
from typing import Any

import pytest
from django.test import Client

from .conftest import Api


def _basic(name: str, password: str) -> Api:
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return Api({"Authorization": f"Basic {pair}"})


def test_basic(alice, problem):
    assert _basic("alice", "deadbeef").get("").status_code == 200
    assert _basic("alice", "deadbeef").post("tokens", {"name": "x"}).status_code == 201
    problem(_basic("alice", "x").get(""), 401)
    problem(_basic("nobody", "x").get(""), 401)


def test_a_changed_password_is_asked_for_at_once(alice, problem):
    assert _basic("alice", "deadbeef").get("").status_code == 200
    alice.set_password("new")
    alice.save()
    problem(_basic("alice", "deadbeef").get(""), 401)
    assert _basic("alice", "new").get("").status_code == 200


def test_failed_passwords_are_throttled_hard(alice, problem, settings):
    for _ in range(settings.API_LOGIN_RATE):
        problem(_basic("alice", "x").get(""), 401)
    answer = _basic("alice", "deadbeef").get("")
    problem(answer, 429, code="throttled")
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_a_session_needs_the_csrf_token_to_change_anything(alice, problem):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get("/postapi/").status_code == 200
    data: dict[str, Any] = {"data": '{"name": "x"}', "content_type": "application/json"}
    problem(client.post("/postapi/tokens", **data), 403)

    client.get("/sign-in/")
    client.get("/compose/")
    token = client.cookies["csrftoken"].value
    answer = client.post("/postapi/tokens", headers={"X-CSRFToken": token}, **data)
    assert answer.status_code == 201


def test_tokens_and_basic_need_no_csrf_token(as_, alice):
    api = as_(alice)
    api.client.handler.enforce_csrf_checks = True
    assert api.post("tokens", {"name": "x"}).status_code == 201


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x", "Basic", "Basic x", "Basic !!", "Digest x", "ü"]
)
def test_headers_that_open_nothing(alice, problem, header):
    client = Client(headers={"Authorization": header})
    client.force_login(alice) if header else None
    problem(client.get("/postapi/"), 401)


def test_rates_are_said_and_kept(as_, alice, problem, settings):
    settings.API_RATE = 3
    api = as_(alice)
    for left in (2, 1, 0):
        answer = api.get("")
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == '"person";q=3;w=60'
        assert answer.headers["RateLimit"].startswith(f'"person";r={left};t=')
    answer = api.get("")
    problem(answer, 429, code="throttled")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit"].startswith('"person";r=0;')


def test_an_address_is_throttled_too(signed_out, problem, settings, db):
    settings.API_ADDRESS_RATE = 2
    for _ in range(2):
        problem(signed_out.get(""), 401)
    problem(signed_out.get(""), 429)
