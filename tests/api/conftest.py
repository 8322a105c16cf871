"""Clients of the API, each as one person by a bearer token."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from mail import selectors, services
from mail.models import Box, User

HOST = "http://testserver"
ROOT = f"{HOST}/postapi/"


class Api:
    """The API as one person sees it, in JSON."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.client = Client(headers=headers, raise_request_exception=False)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(path: str, data: Any = None, **options: Any) -> Any:
            if data is not None:
                options |= {"data": json.dumps(data), "content_type": "application/json"}
            path = path.removeprefix(HOST)
            path = path if path.startswith("/") else f"/postapi/{path}"
            return self.client.generic(method.upper(), path, **options)

        return call


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def as_() -> Callable[[User], Api]:
    def as_(user: User) -> Api:
        _, secret = services.account.create_token(user=user, name="test")
        return Api({"Authorization": f"Bearer {secret}"})

    return as_


@pytest.fixture
def signed_out() -> Api:
    return Api({})


@pytest.fixture
def hello(alice, bob) -> str:
    """The address of a post of alice's in bob's box."""
    services.sending.send(sender=alice, to=["bob"], subject="hello", body="**hi**")
    return f"{ROOT}delivered-posts/{selectors.boxes.own_box(bob).pk}.1"


@pytest.fixture
def problem() -> Callable[..., dict[str, Any]]:
    """Check that an answer is a problem, and give its body."""

    def problem(response: Any, status: int, *, code: str = "", field: str = "") -> dict[str, Any]:
        assert response.status_code == status, response.content
        assert response.headers["Content-Type"] == "application/problem+json"
        body: dict[str, Any] = response.json()
        assert body["status"] == status
        assert body["detail"]
        assert not code or body["code"] == code
        assert not field or field in [wrong["field"] for wrong in body["errors"]]
        return body

    return problem


@pytest.fixture
def box_url() -> Callable[[Box | User], str]:
    def box_url(what: Box | User) -> str:
        name = what.name if isinstance(what, Box) else what.username
        return f"{ROOT}boxes/{name}"

    return box_url
