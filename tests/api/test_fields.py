"""Malformed fields: few stable codes, sentences that say what is allowed, one answer for each."""

import json

import pytest

from mail.api.main import api as described
from mail.models import Box, Post, User

CODES = {
    *("required", "unknown_field", "invalid_type", "invalid_choice"),
    *("too_long", "too_short", "out_of_range", "invalid"),
}


@pytest.mark.parametrize(
    ("path", "data", "field", "code", "says"),
    [
        ("posts", {"subject": 7}, "subject", "invalid_type", "text"),
        ("posts", {"sender": "x"}, "sender", "unknown_field", "no such"),
        ("posts", {"content_type": "x"}, "content_type", "invalid_choice", "'text/plain'"),
        ("posts", [], "body", "invalid_type", "object"),
        ("delivered-posts", {"box": "bob"}, "post", "required", "required"),
        ("boxes", {"name": "x", "join_policy": "y"}, "join_policy", "invalid_choice", "'manager'"),
        ("boxes", {"name": "x", "description": "x" * 5001}, "description", "too_long", "5000"),
        ("subscriptions", {"source": ""}, "source", "too_short", "1"),
        ("subscriptions", {"source": "x" * 2001}, "source", "too_long", "2000"),
        ("tokens", {"name": "x", "expires": "now"}, "expires", "invalid", "2026-01-31T12:00:00Z"),
        ("tokens", {"name": "x", "expires": "2030-01-01T00:00:00"}, "expires", "invalid", "zone"),
        ("tokens", {"name": "x", "expires": []}, "expires", "invalid", "zone"),
        ("tokens", {"name": "x", "read_only": 1}, "read_only", "invalid_type", "true"),
        ("actions/deliver", {"to": "bob"}, "to", "invalid_type", "list"),
        ("actions/deliver", {"to": ["bob", None]}, "to.1", "invalid_type", "text"),
        (
            "actions/move",
            {"box": "b", "to": "c", "posts": [1, True]},
            "posts.1",
            "invalid_type",
            "id",
        ),
        ("actions/move", {"box": "b", "to": "c", "posts": [None]}, "posts.0", "invalid_type", "id"),
        ("actions/move", {"box": "b", "to": "c", "posts": [""]}, "posts.0", "too_short", "1"),
        (
            "actions/move",
            {"box": "b", "to": "c", "posts": ["x" * 2001]},
            "posts.0",
            "too_long",
            "2",
        ),
        ("actions/move", {"box": "b", "to": "c", "posts": []}, "posts", "too_short", "1"),
        ("actions/move", {"box": "b", "to": "c", "posts": [1] * 1001}, "posts", "too_long", "1000"),
        ("actions/mark-read", {"box": "b", "up_to": 1.5}, "up_to", "invalid_type", "id"),
    ],
)
def test_a_body_names_the_field_once(as_, bob, problem, path, data, field, code, says):
    (wrong,) = problem(as_(bob).post(path, data), 422, code="fields-invalid")["errors"]
    assert (wrong["field"], wrong["code"]) == (field, code)
    assert says in wrong["detail"]


@pytest.mark.parametrize(
    ("query", "field", "code", "says"),
    [
        ("limit=0", "limit", "out_of_range", "1"),
        ("limit=201", "limit", "out_of_range", "200"),
        ("limit=x", "limit", "invalid_type", "number"),
        ("is_read=maybe", "is_read", "invalid_type", "true"),
        ("start=yesterday", "start", "invalid", "ISO 8601"),
        ("thread=x", "thread", "invalid", "UUID"),
        (f"boxname={'x' * 256}", "boxname", "too_long", "255"),
    ],
)
def test_a_query_names_the_parameter_once(as_, bob, problem, query, field, code, says):
    answer = as_(bob).get(f"delivered-posts?{query}")
    (wrong,) = problem(answer, 422, code="fields-invalid")["errors"]
    assert (wrong["field"], wrong["code"]) == (field, code)
    assert says in wrong["detail"]


def test_an_enum_in_a_query(as_, bob, problem):
    (wrong,) = problem(as_(bob).get("boxes?kind=x"), 422)["errors"]
    assert (wrong["field"], wrong["code"]) == ("kind", "invalid_choice")
    assert "'folder'" in wrong["detail"]


def test_what_is_no_json_has_no_code_of_pydantics(as_, bob):
    answer = as_(bob).client.generic(
        "POST", "/postapi/posts", data='"\\ud800"', content_type="application/json"
    )
    for wrong in answer.json().get("errors", []):
        assert wrong["code"] in CODES


@pytest.mark.parametrize(
    ("path", "data", "field", "code"),
    [
        # Just too long, and far too long: as the service itself says it.
        *(("posts", {"subject": "x" * n}, "subject", "subject-invalid") for n in (256, 9999)),
        *(("posts", {"body": x * 262_144 + "x"}, "body", "body-too-large") for x in "xü"),
        *(("tokens", {"name": "x" * n}, "name", "token-name-invalid") for n in (0, 101, 9999)),
        *(("boxes", {"name": "x" * n}, "name", "name-invalid") for n in (0, 151, 256, 9999)),
        *(("boxes", {"name": "bob:" + "x" * n}, "name", "name-invalid") for n in (0, 151, 9999)),
        ("actions/deliver", {"to": ["a"] * 20_001}, "to", "too-many-recipients"),
        ("actions/deliver", {"to": ["a"] * 20_000, "cc": ["a"]}, "to", "too-many-recipients"),
    ],
)
def test_too_much_has_one_answer(as_, bob, problem, path, data, field, code):
    boxes = Box.objects.count()
    problem(as_(bob).post(path, data), 400, code=code, field=field)
    assert not Post.objects.exists()
    assert Box.objects.count() == boxes


@pytest.mark.parametrize("key", ["x" * 256, "x" * 5000, "a\x07b"])
def test_a_key_too_long_has_one_answer(as_, bob, problem, key):
    answer = as_(bob).post("actions/deliver", {"to": ["bob"]}, headers={"Idempotency-Key": key})
    problem(answer, 400, code="idempotency-key-invalid", field="Idempotency-Key")


def test_space_around_a_subject_does_not_count(as_, bob):
    answer = as_(bob).post("posts", {"subject": " " + "x" * 255 + "\t"})
    assert answer.status_code == 201
    assert answer.json()["subject"] == "x" * 255


def test_the_document_says_limits_that_the_services_keep():
    text = json.dumps(described.get_openapi_schema()["components"]["schemas"]["DeliverIn"])
    for limit in ('"maxLength": 255', '"maxLength": 262144', '"maxItems": 20000'):
        assert limit in text


def test_a_folder_too_long_together_with_its_owner(as_, db, problem):
    owner = User.objects.create_user("x" * 150)
    api = as_(owner)
    assert api.post("boxes", {"name": f"{owner.username}:{'y' * 104}"}).status_code == 201
    answer = api.post("boxes", {"name": f"{owner.username}:{'z' * 105}"})
    assert "104" in problem(answer, 400, code="name-invalid", field="name")["detail"]
