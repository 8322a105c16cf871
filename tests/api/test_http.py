"""What the thin layer around django-ninja promises on every address."""

import json

import pytest

from mail import services
from mail.models import Post

from .conftest import ROOT, Api


@pytest.mark.parametrize("path", ["", "users", "boxes", "posts", "delivered-posts", "boxes/bob"])
def test_head_is_get_without_a_body(as_, bob, hello, path):
    api = as_(bob)
    got, headed = api.get(path), api.head(path)
    assert headed.status_code == 200
    assert headed.content == b""
    assert headed.headers["ETag"] == got.headers["ETag"]
    assert headed.headers["Content-Length"] == str(len(got.content))


def test_head_of_a_stream_and_of_an_error(as_, bob):
    answer = as_(bob).head("boxes/bob/export")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == b""
    assert as_(bob).head("boxes/nobody").status_code == 404


def test_options_describes_every_address_without_signing_in(signed_out, db):
    from mail.api.main import api

    paths = api.get_openapi_schema()["paths"]
    for path, item in paths.items():
        answer = signed_out.options(path.replace("{", "").replace("}", ""))
        assert answer.status_code == 200, path
        allowed = set(answer.headers["Allow"].split(", "))
        expected = {method.upper() for method in item} | {"OPTIONS"}
        assert allowed == expected | ({"HEAD"} if "get" in item else set())
        body = answer.json()
        assert body["name"]
        assert body["description"]
        assert "application/json" in body["renders"]
        file = path.endswith("/attachments")
        assert body["parses"] == [f"application/{'octet-stream' if file else 'json'}"]
        assert set(body["actions"]) == {method.upper() for method in item}


def test_options_names_fields_with_types_limits_and_help(signed_out, db):
    fields = signed_out.options("actions/deliver").json()["actions"]["POST"]["fields"]
    assert fields["subject"] == {
        "type": "string",
        "maxLength": 255,
        "required": False,
        "label": "Subject",
        "help_text": "",
    }
    assert fields["to"]["maxItems"] == 20_000
    assert fields["body"]["help_text"] == "At most 262144 bytes of UTF-8."
    box = signed_out.options("boxes").json()["actions"]
    assert box["POST"]["fields"]["join_policy"]["enum"] == ["open", "manager"]
    assert box["GET"]["query"]["limit"]["maximum"] == 200


@pytest.mark.parametrize("path", ["nothing", "boxes/a/b/c", "users/", "posts/1/2"])
@pytest.mark.parametrize("method", ["get", "post", "options", "head"])
def test_unknown_addresses(as_, bob, path, method):
    answer = getattr(as_(bob), method)(path)
    assert answer.status_code == 404
    if method != "head":
        assert answer.json()["code"] == "not-found"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_another_content_type_is_415(as_, alice, bob, problem, content_type):
    data = json.dumps({"to": ["bob"]})
    answer = as_(alice).client.generic(
        "POST", "/postapi/actions/deliver", data=data, content_type=content_type
    )
    problem(answer, 415)
    assert not Post.objects.exists()


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/*", 200),
        ("text/html, application/json;q=0.5", 200),
        ("application/problem+json", 200),
        ("text/html", 406),
        ("image/png", 406),
    ],
)
def test_what_a_client_accepts(as_, bob, accept, status):
    assert as_(bob).get("boxes", headers={"Accept": accept}).status_code == status


@pytest.mark.parametrize("body", ["", "{", "nul", '{"to": NaN}', "[" * 100_000, "\ufeff{}", "\0"])
def test_what_is_no_json_is_400(as_, alice, problem, body):
    answer = as_(alice).client.generic(
        "POST", "/postapi/actions/deliver", data=body, content_type="application/json"
    )
    problem(answer, 422 if not body else answer.status_code)
    assert answer.status_code in (400, 422)


def test_invalid_utf8_is_400(as_, alice, problem):
    answer = as_(alice).client.generic(
        "POST",
        "/postapi/actions/deliver",
        data=b'{"to": ["\xff\xfe"]}',
        content_type="application/json",
    )
    assert problem(answer, answer.status_code)["status"] in (400, 422)


def test_lone_surrogates_are_refused(as_, alice, bob, problem):
    answer = as_(alice).client.generic(
        "POST",
        "/postapi/actions/deliver",
        data=b'{"to": ["bob"], "body": "\\ud800"}',
        content_type="application/json",
    )
    assert problem(answer, answer.status_code)["status"] in (400, 422)
    assert not Post.objects.exists()


def test_ten_megabytes_are_413(as_, alice, bob, problem):
    data = {"to": ["bob"], "body": "x" * 10_000_000}
    problem(as_(alice).post("actions/deliver", data), 413)
    assert not Post.objects.exists()


@pytest.mark.parametrize("value", ["%00", "a%00b", "%ff", "%F0%9F%92%A9", "..%2f..", "a%0d%0ab"])
@pytest.mark.parametrize(
    "path",
    ["boxes/{}", "users/{}", "posts/{}", "delivered-posts?boxname={}", "users?name_startswith={}"],
)
def test_strange_letters_in_addresses_are_no_fault(as_, bob, path, value):
    answer = as_(bob).client.get(f"/postapi/{path.format(value)}")
    assert answer.status_code in (200, 400, 404, 422), answer.content


def test_a_fault_of_ours_shows_a_number_and_no_word_more(as_, alice, problem, settings, caplog):
    settings.API_RATE = "not a number"  # a broken installation
    body = problem(as_(alice).get("boxes"), 500)
    assert set(body) == {"type", "title", "status", "code", "detail", "request_id"}
    assert "Traceback" not in json.dumps(body)
    assert body["request_id"] in caplog.text
    assert "Traceback" in caplog.text


def test_root_links_to_everything(as_, alice, problem):
    api = as_(alice)
    links = api.get("").json()
    assert links.pop("actions") == {
        name: url for name, url in links.items() if url.startswith(f"{ROOT}actions/")
    }
    assert links["delivered-posts"] == f"{ROOT}delivered-posts"
    for name, url in links.items():
        assert url.startswith(ROOT)
        if url.startswith(f"{ROOT}actions/"):
            problem(api.get(url), 405)
        else:
            assert api.get(url, headers={"Accept": "*/*"}).status_code == 200, name


def test_objects_carry_the_address_that_the_client_used(alice, bob, settings):
    settings.ALLOWED_HOSTS = ["mail.example.org"]
    _, secret = services.account.create_token(user=alice, name="x")
    from .conftest import Api

    api = Api({"Authorization": f"Bearer {secret}", "Host": "mail.example.org"})
    assert api.get("users/bob").json()["url"] == "http://mail.example.org/postapi/users/bob"


@pytest.mark.parametrize(
    "path",
    [
        "boxes/cl%2500",
        "delivered-posts?boxname=/postapi/boxes/%2500",
        "delivered-posts?sender=/postapi/users/%2500",
        "posts?sender=/postapi/users/%2500",
        "users?cursor=AA",
        "boxes?cursor=AA",
        "delivered-posts?boxname=http://[x/",
        "delivered-posts?sender=//[/",
    ],
)
def test_what_hides_a_nul_or_is_no_address_is_no_fault(as_, bob, path):
    assert as_(bob).client.get(f"/postapi/{path}").status_code in (400, 404)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("actions/deliver", {"to": ["b\0b"]}),
        ("actions/deliver", {"to": ["http://testserver/postapi/boxes/b%00b"]}),
        ("actions/deliver", {"to": ["http://[x/"]}),
        ("posts", {"in_reply_to": "//[/"}),
        ("boxes", {"name": "fine", "description": "a\0b"}),
        ("tokens", {"name": "x", "expires": "9999-12-31T23:59:59-14:00"}),
        ("tokens", {"name": "x", "expires": "2999-12-31T23:59:59Z"}),
        ("actions/mark-read", {"box": "bob", "posts": [True]}),
        ("actions/mark-read", {"box": "bob", "posts": [2.0]}),
    ],
)
def test_bodies_that_were_faults_are_refused(as_, bob, path, data):
    answer = as_(bob).post(path, data)
    assert answer.status_code in (400, 422), answer.content
    assert not Post.objects.exists()


@pytest.mark.parametrize(
    ("header", "status"),
    [({"Transfer-Encoding": "chunked"}, 411), ({"Content-Encoding": "gzip"}, 415)],
)
def test_bodies_come_as_they_are_and_with_their_length(as_, bob, problem, header, status):
    problem(as_(bob).post("posts", {"subject": "x"}, headers=header), status)


def test_basic_with_a_nul_is_a_failed_login(bob, problem):
    from django.test import Client

    answer = Client(headers={"Authorization": "Basic YQBiOng="}).get("/postapi/")
    problem(answer, 401)


def test_an_export_by_an_address_of_version_6(bob, alice, settings):
    from .conftest import Api

    settings.ALLOWED_HOSTS = ["[::1]"]
    services.sending.send(sender=alice, to=["bob"])
    _, secret = services.account.create_token(user=bob, name="x")
    answer = Api({"Authorization": f"Bearer {secret}", "Host": "[::1]:5100"}).get(
        "boxes/bob/export"
    )
    assert b"From alice@" in b"".join(answer.streaming_content)


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("get", "nothing", {}),
        ("delete", "boxes", {}),
        ("get", "boxes", {"Accept": "image/png"}),
        ("post", "boxes", {"Transfer-Encoding": "chunked"}),
        ("get", "boxes?q=%00", {}),
    ],
)
def test_refusals_speak_the_language_of_who_asks(as_, bob, method, path, options):
    bob.language = "ar"
    bob.save()
    said = set()
    for language in ("de", "fr", "en", "de"):
        as_(bob).get("boxes")  # whose language stays behind in the thread
        answer = getattr(Api({}), method)(path, headers={"Accept-Language": language, **options})
        said.add(answer.json()["detail"])
    assert len(said) == 3
