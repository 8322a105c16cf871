"""Mark read, mark unread and delete: alike but for what they do."""

from http import HTTPStatus

import pytest

from mail import selectors, services

PATHS = [
    f"/inbox/{action}/"
    for action in ("mark-read", "mark-unread", "flag", "unflag", "archive", "delete")
] + ["/inbox/move/?to=archive"]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def posts(alice, bob):
    for n in range(3):
        services.sending.send(sender=alice, to=["bob", "charlie"][: 1 + (n > 5)], subject=f"s{n}")


def test_marking_works_as_a_plain_form(signed_in, bob):
    client = signed_in(bob)
    answer = client.post("/inbox/mark-read/", {"uid": [1, 2]})
    assert answer.headers["Location"] == "/inbox/"
    assert selectors.boxes.unread_counts(bob) == {"": 1}
    answer = client.post("/inbox/mark-unread/", {"uid": 2, "opened": 2})
    assert answer.headers["Location"] == "/inbox/"  # opened, it would be marked read again
    assert selectors.boxes.unread_counts(bob) == {"": 2}
    answer = client.post("/inbox/flag/", {"uid": 2, "opened": 2})
    assert answer.headers["Location"] == "/inbox/2/"


def test_marking_through_htmx_swaps_the_lines_and_the_count(signed_in, bob):
    answer = signed_in(bob).post("/inbox/mark-read/", {"uid": 1}, headers=HTMX)
    box = selectors.boxes.own_box(bob)
    assert f'hx-target="#line-{box.pk}-1"' in answer.text
    assert 'hx-target="#folders"' in answer.text
    assert 'class="line unread"' not in answer.text


def test_marking_all_up_to_what_was_seen(signed_in, alice, bob):
    services.sending.send(sender=alice, to=["bob"], subject="later")
    client = signed_in(bob)
    page = client.post("/inbox/mark-read/", {"up_to": 3}, follow=True)
    assert "3 posts marked read." in page.text
    assert selectors.boxes.unread_counts(bob) == {"": 1}
    client.post("/inbox/mark-unread/", {"up_to": 2})
    assert selectors.boxes.unread_counts(bob) == {"": 3}


def test_flags(signed_in, bob):
    client = signed_in(bob)
    answer = client.post("/inbox/flag/", {"uid": [1, 2]}, headers=HTMX)
    assert answer.text.count(">Flagged<") == 2
    client.post("/inbox/unflag/", {"uid": 1})
    assert [
        line.is_flagged for line in selectors.mailbox.page(selectors.boxes.own_box(bob)).rows
    ] == [
        False,
        True,
        False,
    ]


def test_deleting_moves_to_the_trash_and_out_of_it_for_good(signed_in, bob, subjects):
    client = signed_in(bob)
    page = client.post("/inbox/delete/", {"uid": [1, 3]}, follow=True)
    assert "2 posts are in the trash." in page.text
    assert subjects(bob, "trash") == ["s2", "s0"]

    asked = client.post("/trash/delete/", {"uid": 1})  # without a script, in which it is asked
    assert "1 post is deleted for good. This cannot be undone." in asked.text
    assert subjects(bob, "trash") == ["s2", "s0"]
    asked = client.post("/trash/delete/", {"up_to": 2})
    assert asked.headers["Location"] == "/trash/empty/"
    assert subjects(bob, "trash") == ["s2", "s0"]
    page = client.post("/trash/delete/", {"uid": 1, "sure": 1}, follow=True)
    assert "1 post deleted for good." in page.text
    assert subjects(bob, "trash") == ["s2"]
    assert subjects(bob) == ["s1"]


def test_a_move_is_undone_by_the_form_that_comes_with_it(signed_in, bob, subjects):
    client = signed_in(bob)
    answer = client.post("/inbox/archive/", {"uid": [1, 3]}, headers=HTMX)
    assert 'hx-swap="delete"' in answer.text
    assert 'action="/archive/move/?to=inbox&amp;undo=1"' in answer.text
    assert subjects(bob, "archive") == ["s2", "s0"]

    answer = client.post("/archive/move/?to=inbox&undo=1", {"uid": [1, 2]}, headers=HTMX)
    assert "hx-target=\"#list[data-folder='inbox']\"" in answer.text
    assert subjects(bob, "archive") == []
    assert subjects(bob) == ["s2", "s1", "s0"]


def test_a_move_of_all_is_undone_by_its_range(signed_in, alice, bob, subjects):
    client = signed_in(bob)
    client.post("/inbox/delete/", {"uid": 1})
    answer = client.post("/inbox/delete/", {"up_to": 3}, headers=HTMX)
    assert 'name="above" value="2"' in answer.text
    assert 'name="up_to" value="3"' in answer.text
    assert subjects(bob) == []

    client.post("/trash/move/?to=inbox&undo=1", {"above": 2, "up_to": 10**15})
    assert subjects(bob) == ["s2", "s1"]
    assert subjects(bob, "trash") == ["s0"]


def test_what_was_opened_gives_way_to_the_list_once_it_is_gone(signed_in, bob):
    box = selectors.boxes.own_box(bob)
    answer = signed_in(bob).post("/inbox/delete/", {"uid": 1, "opened": 1}, headers=HTMX)
    assert answer.headers["HX-Push-Url"] == "/inbox/"
    assert f"#pane[data-post='{box.pk}-1']" in answer.text


def test_after_a_change_one_is_where_one_was(signed_in, bob):
    client = signed_in(bob)
    answer = client.post("/inbox/flag/", {"uid": 1, "opened": 1})
    assert answer.headers["Location"] == "/inbox/1/"
    for odd in ("\u0663", "-1", "x", str(10**30)):
        answer = client.post("/inbox/flag/", {"uid": 1, "opened": odd})
        assert answer.status_code == HTTPStatus.FOUND
    answer = client.post("/inbox/flag/", {"uid": 1, "before": "x&y"})
    assert answer.headers["Location"] == "/inbox/?before=x%26y"


@pytest.mark.parametrize("to", ["", "folder-none", "nowhere"])
def test_to_no_folder_is_404_and_moves_nothing(signed_in, bob, subjects, to):
    answer = signed_in(bob).post(f"/inbox/move/?to={to}", {"uid": 1})
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert len(subjects(bob)) == 3


def test_what_is_refused_is_said_beside_the_page(signed_in, bob):
    answer = signed_in(bob).post("/inbox/delete/", {}, headers=HTMX)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert answer.headers["HX-Reswap"] == "none"
    assert 'hx-target="#toasts"' in answer.text


def test_many_cost_what_few_do(signed_in, bob, fill, django_assert_num_queries):
    client = signed_in(bob)
    box = selectors.boxes.own_box(bob)
    fill(box, 300)
    for uids in ([1, 2], list(range(3, 203))):
        # Session, person, box, two for the mark, lines, first words, folders.
        with django_assert_num_queries(8):
            client.post("/inbox/mark-read/", {"uid": uids}, headers=HTMX)


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_changes_nothing(signed_in, charlie, bob, path):
    signed_in(charlie).post(path, {"uid": 1})
    assert selectors.boxes.unread_counts(bob) == {"": 3}
    assert len(selectors.mailbox.page(selectors.boxes.own_box(bob)).rows) == 3


@pytest.mark.parametrize("path", PATHS)
def test_signed_out(client, path, bob):
    assert client.post(path, {"uid": 1}).status_code == HTTPStatus.FOUND
    assert selectors.boxes.unread_counts(bob) == {"": 3}


@pytest.mark.parametrize("path", PATHS)
def test_wrong_method(signed_in, bob, path):
    assert signed_in(bob).get(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("uid", [None, "x", "-1", str(10**30), "1e3", "\u0661"])
@pytest.mark.parametrize("path", PATHS)
def test_bad_input_changes_nothing_and_says_so(signed_in, bob, path, uid):
    answer = signed_in(bob).post(path, {} if uid is None else {"uid": uid})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "Choose at least one post." in answer.text


def test_without_a_token_nothing_is_done(bob):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    assert client.post("/inbox/delete/", {"uid": 1}).status_code == HTTPStatus.FORBIDDEN


def test_thousands_that_were_scrolled_to_and_chosen(signed_in, bob, fill):
    fill(selectors.boxes.own_box(bob), 3_000)
    client = signed_in(bob)
    page = client.post("/inbox/archive/", {"uid": list(range(1, 3_004))}, follow=True)
    assert "3,003 posts archived." in page.text
    assert selectors.boxes.unread_counts(bob) == {"archive": 3_003}
