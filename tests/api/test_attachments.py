from uuid import uuid4

import pytest
from django.test import Client

from mail import services
from mail.models import Attachment, Blob, Draft

from .conftest import ROOT

CONTENT = bytes(range(256))


@pytest.fixture
def draft(alice, bob) -> Draft:
    return services.drafts.save(owner=alice, to="bob", subject="files")


@pytest.fixture
def files_of(draft) -> str:
    return f"/postapi/drafts/{draft.pk}/attachments"


def upload(api, path: str, content: bytes = CONTENT, kind: str = "image/svg+xml", **more):
    return api.client.generic("POST", path, content, content_type=kind, **more)


def test_works_from_upload_to_download(as_, alice, bob, draft, files_of):
    api = as_(alice)
    answer = upload(api, f"{files_of}?name=r%C3%B6d.svg")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert answer.headers["Location"] == made["url"] == f"{ROOT}attachments/{made['id']}"
    assert (made["name"], made["size"], made["content_type"]) == ("röd.svg", 256, "image/svg+xml")
    assert api.get(files_of).json() == [made]
    assert api.get(made["url"]).json() == made

    delivered = api.post(f"drafts/{draft.pk}/send").json()["posts"]
    assert delivered[0]["attachments"] == [made]
    reader = as_(bob)
    (listed,) = reader.get("delivered-posts?boxname=bob").json()
    assert listed["attachments"] == [made]
    assert reader.get(listed["url"]).json()["attachments"] == [made]
    assert reader.get(listed["post"]).json()["attachments"] == [made]
    assert reader.get("posts").json()[0]["attachments"] == [made]

    content = reader.get(made["content"])
    assert content.getvalue() == CONTENT
    assert content.headers["Content-Type"] == "application/octet-stream"
    assert content.headers["Content-Disposition"] == "attachment; filename*=utf-8''r%C3%B6d.svg"
    assert content.headers["X-Content-Type-Options"] == "nosniff"


def test_ranges_and_conditions(as_, alice, draft, attach, problem):
    api, path = as_(alice), f"attachments/{attach(draft, CONTENT).pk}/content"
    head = api.head(path)
    assert (head.status_code, head.headers["Content-Length"]) == (200, "256")
    assert not head.getvalue()
    part = api.get(path, headers={"Range": "bytes=10-19", "Accept": "image/png"})
    assert (part.status_code, part.getvalue()) == (206, CONTENT[10:20])
    assert part.headers["Content-Range"] == "bytes 10-19/256"
    beyond = api.get(path, headers={"Range": "bytes=256-"})
    problem(beyond, 416)
    assert beyond.headers["Content-Range"] == "bytes */256"
    known = {"If-None-Match": head.headers["ETag"]}
    assert api.get(path, headers=known).status_code == 304
    problem(api.get(path, headers={"If-Match": '"x"'}), 412)


def test_taking_one_out(as_, alice, files_of):
    api = as_(alice)
    made = upload(api, f"{files_of}?name=a").json()
    assert api.delete(made["url"]).status_code == 204
    assert api.get(files_of).json() == []
    assert api.delete(made["url"]).status_code == 404


def test_nothing_is_taken_from_a_post(as_, alice, draft, attach, problem):
    attached = attach(draft)
    services.drafts.send(draft=draft)
    problem(as_(alice).delete(f"attachments/{attached.pk}"), 404)
    assert Attachment.objects.exists()


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?name=a.exe", 400, "attachment-type-refused"),
        ("?name=%0A", 400, "attachment-name-invalid"),
        ("?name=a%00", 400, ""),
        ("", 422, "fields-invalid"),
    ],
)
def test_what_is_refused(as_, alice, files_of, problem, query, status, code):
    problem(upload(as_(alice), files_of + query), status, code=code)
    assert not Blob.objects.exists()


def test_the_limits(as_, alice, files_of, settings, problem):
    api = as_(alice)
    settings.ATTACHMENTS_MAX_NUMBER = 1
    upload(api, f"{files_of}?name=a")
    problem(upload(api, f"{files_of}?name=b"), 400, code="too-many-attachments")
    settings.ATTACHMENT_MAX_SIZE = 255
    problem(upload(api, f"{files_of}?name=b"), 413)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_a_form_is_no_file(as_, alice, files_of, problem, kind):
    problem(upload(as_(alice), f"{files_of}?name=a", b"a=b", kind), 415)


def test_a_session_needs_its_token(alice, files_of):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.generic("POST", f"{files_of}?name=a", b"x", content_type="text/plain")
    assert answer.status_code == 403
    assert not Blob.objects.exists()


def test_a_missing_file_is_told(as_, alice, files, draft, attach, problem):
    attached = attach(draft)
    (files / attached.blob.file).unlink()
    problem(as_(alice).get(f"attachments/{attached.pk}/content"), 503, code="file-missing")


def test_a_full_disk_is_told(as_, alice, files, files_of, problem):
    files.write_text("no directory")
    problem(upload(as_(alice), f"{files_of}?name=a"), 507, code="storage-failed")


def test_unknown(as_, alice, problem):
    for path in ("", "/content"):
        problem(as_(alice).get(f"attachments/{uuid4()}{path}"), 404)
    problem(as_(alice).get(f"drafts/{uuid4()}/attachments"), 404)


def test_options_say_what_an_upload_is(as_, alice, files_of):
    answer = as_(alice).options(files_of)
    assert answer.headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert answer.json()["parses"] == ["application/octet-stream"]


def test_costs_the_same_with_any_number(as_, alice, draft, attach, django_assert_num_queries):
    api = as_(alice)
    api.get("")
    for n in range(10):
        attach(draft, b"%d" % n, f"{n}")
        if n in (0, 9):
            with django_assert_num_queries(3):  # the token, the draft, its files
                assert len(api.get(f"drafts/{draft.pk}/attachments").json()) == n + 1
