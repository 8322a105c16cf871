import json
from pathlib import Path

import pytest

from mail.api.main import api

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
DOCUMENT = json.loads(json.dumps(api.get_openapi_schema()))
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}


def test_the_committed_document_is_this_one():
    """Where not: manage.py openapi > docs/openapi.json, and read what changed."""
    assert json.loads(COMMITTED.read_text()) == DOCUMENT


def test_is_openapi_3_1():
    assert DOCUMENT["openapi"].startswith("3.1.")


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_is_complete(name):
    method, path, operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert operation["security"]
    answers = {int(status) for status in operation["responses"]}
    assert {401, 406, 429} <= answers
    assert any(status < 300 for status in answers)
    if "{" in path:
        assert 404 in answers
    if "requestBody" in operation:
        assert {413, 415, 422} <= answers
    if method != "get" and not path.endswith(("deliver", "tokens")):
        assert 403 in answers
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            assert list(answer["content"]) == ["application/problem+json"]


def test_operation_ids_are_unique():
    count = sum(len(item) for item in DOCUMENT["paths"].values())
    assert len(OPERATIONS) == count


def test_bodies_have_examples():
    for name, (_, _, operation) in OPERATIONS.items():
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            shape = DOCUMENT["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
            assert "example" in json.dumps(shape), name


def test_the_document_and_the_pages_are_public(client, db):
    assert client.get("/postapi/openapi.json").json() == DOCUMENT
    page = client.get("/postapi/docs", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "http" not in page.text.replace("http-equiv", "")
