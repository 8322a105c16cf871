import json
from pathlib import Path
from uuid import uuid4

import pytest

from mail import services
from mail.api.main import api
from mail.models import Draft

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


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_parameter_is_described(name):
    for parameter in OPERATIONS[name][2]["parameters"]:
        assert parameter["description"], parameter["name"]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_answer_names_its_headers(name):
    _, _, operation = OPERATIONS[name]
    answers = operation["responses"]
    headers = {int(status): set(answer["headers"]) for status, answer in answers.items()}
    assert {400, 401, 406, 429, 500} <= set(headers)
    assert ("requestBody" in operation) == (411 in headers) == (413 in headers)
    for named in headers.values():
        assert {"Cache-Control", "RateLimit-Policy"} <= named
    assert "WWW-Authenticate" in headers[401]
    assert "Retry-After" in headers[429]
    assert "RateLimit" in headers[429]
    if 201 in headers:
        assert "Location" in headers[201]
    if 304 in headers:
        assert "ETag" in headers[200] & headers[304]
    if any(parameter["name"] == "cursor" for parameter in operation["parameters"]):
        assert "Link" in headers[200] & headers[304]


def test_every_reference_leads_somewhere():
    def refs(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        for part in node.values() if isinstance(node, dict) else node:
            if isinstance(part, dict | list):
                yield from refs(part)

    for ref in set(refs(DOCUMENT)):
        _, _, kind, name = ref.split("/")
        assert name in DOCUMENT["components"][kind]


def content_of(api) -> str:
    """The address of a file's content."""
    draft = api.post("drafts", {}).json()["url"]
    made = api.post(f"{draft}/attachments?name=a", {}).json()
    content: str = made["content"]
    return content


# What stands on every page of the site.
OF_THE_SITE = {
    *("Content-Type", "Content-Length", "Content-Language", "Vary", "X-Content-Type-Options"),
    *("Content-Security-Policy", "Cross-Origin-Opener-Policy", "Referrer-Policy"),
    "X-Frame-Options",
}


@pytest.mark.parametrize(
    ("name", "status", "call"),
    [
        ("root", 200, lambda api, _: api.get("")),
        ("list_users", 200, lambda api, _: api.get("users?limit=1")),
        ("list_posts", 200, lambda api, _: api.get("posts?limit=1")),
        (
            "list_delivered_posts",
            200,
            lambda api, _: api.get("delivered-posts?boxname=bob&limit=1"),
        ),
        ("get_delivered_post", 200, lambda api, hello: api.get(hello)),
        ("mark_delivered_post", 200, lambda api, hello: api.patch(hello, {"is_read": True})),
        ("delete_delivered_post", 204, lambda api, hello: api.delete(hello)),
        ("create_post", 201, lambda api, _: api.post("posts", {})),
        ("list_drafts", 200, lambda api, _: api.get("drafts?limit=1")),
        ("create_draft", 201, lambda api, _: api.post("drafts", {})),
        ("save_draft", 201, lambda api, _: api.put(f"drafts/{uuid4()}", {})),
        ("save_draft", 404, lambda api, _: api.put(f"drafts/{uuid4()}", {"version": 1})),
        ("list_completions", 200, lambda api, _: api.get("completions?q=b")),
        ("flag", 200, lambda api, _: api.post("actions/flag", {"box": "bob", "posts": [1]})),
        ("create_post", 422, lambda api, _: api.post("posts", {"x": 1})),
        (
            "create_post",
            415,
            lambda api, _: api.post("posts", {}, headers={"Content-Encoding": "br"}),
        ),
        ("create_box", 201, lambda api, _: api.post("boxes", {"name": "new"})),
        ("export_box", 200, lambda api, _: api.get("boxes/bob/export")),
        (
            "attach",
            201,
            lambda api, _: api.post(f"drafts/{Draft.objects.all()[0].pk}/attachments?name=a", {}),
        ),
        ("get_attachment_content", 200, lambda api, _: api.get(content_of(api))),
        (
            "get_attachment_content",
            206,
            lambda api, _: api.get(content_of(api), headers={"Range": "bytes=0-0"}),
        ),
        (
            "get_attachment_content",
            416,
            lambda api, _: api.get(content_of(api), headers={"Range": "bytes=9-"}),
        ),
        ("list_changes", 200, lambda api, _: api.get("boxes/bob/changes?since=0.0")),
        ("get_box", 404, lambda api, _: api.get("boxes/nobody")),
        ("get_box", 406, lambda api, _: api.get("boxes/bob", headers={"Accept": "image/png"})),
        ("get_box", 401, lambda api, _: api.get("boxes/bob", headers={"Authorization": "Basic"})),
    ],
)
def test_live_answers_carry_what_is_documented(as_, alice, bob, hello, name, status, call):
    services.sending.send(sender=alice, to=["bob"])  # so that lists go on
    for _ in range(2):
        services.drafts.save(owner=bob)
    answer = call(as_(bob), hello)
    assert answer.status_code == status, b"".join(answer)
    list(answer)  # also what is streamed, to its end
    documented = set(OPERATIONS[name][2]["responses"][str(status)]["headers"])
    assert set(answer.headers) - OF_THE_SITE == documented


def test_a_throttled_answer_carries_what_is_documented(as_, bob, settings):
    settings.API_RATE = 0
    answer = as_(bob).get("")
    assert answer.status_code == 429
    documented = set(OPERATIONS["root"][2]["responses"]["429"]["headers"])
    assert set(answer.headers) - OF_THE_SITE == documented


def test_a_wrong_method_carries_what_is_documented(as_, bob):
    answer = as_(bob).put("posts", {})
    documented = set(DOCUMENT["components"]["responses"]["MethodNotAllowed"]["headers"])
    assert answer.status_code == 405
    assert set(answer.headers) - OF_THE_SITE == documented
