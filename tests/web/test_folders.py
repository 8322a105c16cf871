"""Folders that people make, the trash that they empty, and the look of lists."""

from http import HTTPStatus

import pytest

from mail import selectors, services


def test_make_fill_and_delete_a_folder(signed_in, alice, bob, subjects):
    services.sending.send(sender=alice, to=["bob"], subject="kept")
    client = signed_in(bob)
    page = client.post("/folders/new/", {"name": "Büro 2"}, follow=True)
    assert page.redirect_chain[0][0] == "/folder-B%C3%BCro%202/"
    assert "Nothing here yet." in page.text

    client.post("/inbox/move/?to=folder-Büro 2", {"uid": 1})
    assert subjects(bob, "Büro 2") == ["kept"]
    assert "kept" in client.get("/folder-Büro 2/1/").text
    refused = client.post("/folder-Büro 2/delete-folder/")
    assert refused.status_code == HTTPStatus.BAD_REQUEST

    client.post("/folder-Büro 2/move/?to=inbox", {"uid": 1})
    page = client.post("/folder-Büro 2/delete-folder/", follow=True)
    assert "The folder is deleted." in page.text
    assert client.get("/folder-Büro 2/").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("name", ["", "a:b", "trash", "Inbox", "x" * 151])
def test_a_bad_name_comes_back_with_the_reason(signed_in, bob, name):
    page = signed_in(bob).post("/folders/new/", {"name": name})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "errorlist" in page.text


def test_a_strangers_folder_is_404(signed_in, bob, charlie):
    services.folders.create(owner=bob, name="own")
    for path in ("/folder-own/", "/folder-own/1/", "/folder-own/1/raw/"):
        assert signed_in(charlie).get(path).status_code == HTTPStatus.NOT_FOUND
    answer = signed_in(charlie).post("/folder-own/delete-folder/")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert selectors.boxes.own_box(bob, "own").short_name == "own"


def test_emptying_the_trash_asks_and_spares_what_came_meanwhile(signed_in, alice, bob, subjects):
    for n in range(3):
        services.sending.send(sender=alice, to=["bob"], subject=f"s{n}")
    client = signed_in(bob)
    client.post("/inbox/delete/", {"uid": [1, 2]})
    page = client.get("/trash/empty/")
    assert "2 posts are deleted for good." in page.text
    client.post("/inbox/delete/", {"uid": 3})

    page = client.post("/trash/empty/", {"up_to": page.context["up_to"]}, follow=True)
    assert "2 posts deleted for good." in page.text
    assert subjects(bob, "trash") == ["s2"]


def test_the_source_of_a_post(signed_in, alice, bob, charlie):
    services.sending.send(sender=alice, to=["bob"], subject="hello", body="**hi**")
    answer = signed_in(bob).get("/inbox/1/raw/")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    source = answer.getvalue().decode()
    assert "Subject: hello" in source
    assert "**hi**" in source
    assert signed_in(charlie).get("/inbox/1/raw/").status_code == HTTPStatus.NOT_FOUND


def test_the_height_of_lines_is_kept(signed_in, bob):
    client = signed_in(bob)
    answer = client.post("/density/", {"density": "roomy", "next": "/sent/"})
    assert answer.headers["Location"] == "/sent/"
    assert '<body class="roomy"' in client.get("/").text
    answer = client.post("/density/", {"density": "cosy", "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"
    refused = client.post("/density/", {"density": "gigantic"})
    assert refused.status_code == HTTPStatus.NOT_FOUND


def test_times_are_those_of_the_reader(signed_in, alice, bob):
    services.sending.send(sender=alice, to=["bob"], subject="x")
    client = signed_in(bob)
    client.cookies["tz"] = "Asia%2FTokyo"
    assert "+09:00" in client.get("/").text
    bob.time_zone = "America/Lima"
    bob.save()
    assert "-05:00" in client.get("/").text
    client.cookies["tz"] = "No/Where"
    bob.time_zone = ""
    bob.save()
    assert "+00:00" in client.get("/").text


GET = ["/folders/new/", "/trash/empty/", "/password/", "/password/changed/", "/inbox/1/raw/"]
POST = ["/density/", "/inbox/delete-folder/"]


@pytest.mark.parametrize("path", GET)
def test_signed_out(client, db, path):
    assert client.get(path).status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("path", POST)
def test_signed_out_of_what_is_only_posted(client, db, path):
    assert client.post(path).status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("path", POST)
def test_wrong_method(signed_in, bob, path):
    assert signed_in(bob).get(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("path", ["/folders/new/", "/trash/empty/"])
def test_wrong_method_of_forms(signed_in, bob, path):
    assert signed_in(bob).delete(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_changing_the_password(signed_in, bob):
    client = signed_in(bob)
    page = client.get("/password/")
    assert page.status_code == HTTPStatus.OK
    new = "correct horse battery"
    given = {"old_password": "deadbeef", "new_password1": new, "new_password2": new}
    page = client.post("/password/", given, follow=True)
    assert "The password is changed" in page.text
    bob.refresh_from_db()
    assert bob.check_password(new)
