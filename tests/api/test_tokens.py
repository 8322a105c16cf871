from datetime import timedelta

import pytest
from django.utils import timezone

from mail import services
from mail.models import ApiToken

from .conftest import Api


def _with(secret: str) -> Api:
    return Api({"Authorization": f"Bearer {secret}"})


def test_works(as_, alice):
    api = as_(alice)
    made = api.post("tokens", {"name": "backup", "read_only": True})
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("opost_")
    assert ApiToken.objects.latest("pk").digest != secret
    assert secret not in api.get("tokens").text

    listed = api.get("tokens").json()[-1]
    assert (listed["name"], listed["read_only"], listed["last_used"]) == ("backup", True, None)
    assert _with(secret).get("").status_code == 200
    assert api.get("tokens").json()[-1]["last_used"]

    assert api.delete(listed["url"]).status_code == 204
    assert _with(secret).get("").status_code == 401


def test_a_read_only_token_reads(alice, bob, hello, problem):
    _, secret = services.account.create_token(user=bob, name="r", read_only=True)
    api = _with(secret)
    assert api.get(hello).status_code == 200
    assert api.head(hello).status_code == 200
    for answer in (
        api.patch(hello, {"is_read": True}),
        api.delete(hello),
        api.post("actions/deliver", {"to": ["alice"]}),
        api.post("tokens", {"name": "more"}),
    ):
        problem(answer, 403, code="token-read-only")


def test_an_expired_token_opens_nothing(alice, problem):
    token, secret = services.account.create_token(
        user=alice, name="e", expires=timezone.now() + timedelta(hours=1)
    )
    assert _with(secret).get("").status_code == 200
    ApiToken.objects.filter(pk=token.pk).update(expires=timezone.now())
    problem(_with(secret).get(""), 401)


def test_a_person_who_left_has_no_token(alice, problem):
    _, secret = services.account.create_token(user=alice, name="x")
    alice.is_active = False
    alice.save()
    problem(_with(secret).get(""), 401)


def test_a_strangers_token_is_404(as_, alice, bob, problem):
    token, _ = services.account.create_token(user=alice, name="x")
    problem(as_(bob).delete(f"tokens/{token.pk}"), 404)
    assert ApiToken.objects.filter(pk=token.pk).exists()


@pytest.mark.parametrize(
    ("data", "status", "field"),
    [
        ({}, 422, "name"),
        ({"name": ""}, 400, "name"),
        ({"name": "x" * 101}, 400, "name"),
        ({"name": "a\nb"}, 400, "name"),
        ({"name": "x", "expires": "2020-01-01T00:00:00Z"}, 400, "expires"),
        ({"name": "x", "expires": "tomorrow"}, 422, "expires"),
        ({"name": "x", "user": "bob"}, 422, "user"),
    ],
)
def test_bad_input_names_the_field(as_, alice, problem, data, status, field):
    problem(as_(alice).post("tokens", data), status, field=field)


def test_there_are_not_too_many(as_, alice, problem):
    for n in range(49):
        services.account.create_token(user=alice, name=str(n))
    problem(as_(alice).post("tokens", {"name": "x"}), 400, code="too-many-tokens")


def test_signed_out_and_wrong_method(signed_out, as_, alice, problem):
    problem(signed_out.get("tokens"), 401)
    problem(as_(alice).put("tokens", {}), 405)
    problem(as_(alice).get("tokens/1"), 405)
    for key in ("x", str(10**30), "-1"):
        problem(as_(alice).delete(f"tokens/{key}"), 404)


def test_a_token_makes_none_that_outlives_it(alice, problem):
    end = timezone.now() + timedelta(hours=1)
    _, secret = services.account.create_token(user=alice, name="short", expires=end)
    api = _with(secret)
    for expires in (None, (end + timedelta(seconds=1)).isoformat(), "2090-01-01T00:00:00+14:00"):
        answer = api.post("tokens", {"name": "long", "expires": expires})
        problem(answer, 400, code="token-outlives", field="expires")
    assert ApiToken.objects.count() == 1

    made = api.post("tokens", {"name": "as short", "expires": end.isoformat()})
    assert made.status_code == 201
    again = _with(made.json()["secret"]).post("tokens", {"name": "x"})
    problem(again, 400, code="token-outlives")


def test_a_token_without_end_and_a_password_make_any(as_, alice):
    expires = "2090-01-01T00:00:00Z"
    for data in ({"name": "a"}, {"name": "b", "expires": expires}):
        assert as_(alice).post("tokens", data).status_code == 201
