"""A typed client, generated from the schema, sends, lists, reads, marks, deletes and exports."""

import importlib
import json
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from mail import services

from .test_openapi import COMMITTED

NAME = "opost_client"


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> ModuleType:
    folder = tmp_path_factory.mktemp("generated")
    (folder / "config.json").write_text(
        json.dumps(
            {
                "package_name_override": NAME,
                "post_hooks": [],
                # What the generator does not know it takes as bytes.
                "content_type_overrides": dict.fromkeys(
                    ("application/mbox", "application/jsonl", "*/*"), "application/octet-stream"
                ),
            }
        )
    )
    subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
            *("--path", str(COMMITTED), "--config", str(folder / "config.json")),
            *("--output-path", str(folder / NAME), "--fail-on-warning"),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    sys.path.insert(0, str(folder))
    return importlib.import_module(NAME)


@pytest.fixture
def api(package, live_server, alice):
    _, secret = services.account.create_token(user=alice, name="generated")
    client = package.AuthenticatedClient(
        base_url=live_server.url, token=secret, raise_on_unexpected_status=True
    )

    def api(tag: str, operation: str, **arguments: Any) -> Any:
        module = importlib.import_module(f"{NAME}.api.{tag}.{operation}")
        answer = module.sync_detailed(client=client, **arguments)
        assert answer.status_code < 300, answer.content
        return answer

    with client:
        yield api


@pytest.mark.process
def test_the_whole_round(api, package, alice):
    models = importlib.import_module(f"{NAME}.models")
    sent = api("actions", "deliver", body=models.DeliverIn(to=["alice"], subject="hi", body="x"))
    (delivered,) = sent.parsed.posts
    assert delivered.subject == "hi"

    listed = api("delivered_posts", "list_delivered_posts", boxname="alice").parsed
    assert [row.url for row in listed] == [delivered.url]
    post_id = delivered.post.rpartition("/")[2]
    assert api("posts", "get_post", post_id=post_id).parsed.body == "x"

    patch = models.DeliveredPostPatch(is_read=True)
    key = {"delivered_post_id": delivered.id}
    marked = api("delivered_posts", "mark_delivered_post", **key, body=patch).parsed
    assert marked.is_read is True

    exported = api("boxes", "export_box", name="alice").content
    assert exported.startswith(b"From alice@")
    api("delivered_posts", "delete_delivered_post", **key)
    assert api("delivered_posts", "list_delivered_posts", boxname="alice").parsed == []
