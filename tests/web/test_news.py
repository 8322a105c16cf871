"""What a page that shows a folder asks for from time to time."""

from http import HTTPStatus

import pytest

from mail import selectors, services
from mail.models import Flag
from mail.selectors.selection import some

HTMX = {"HX-Request": "true"}


@pytest.fixture
def state(bob):
    def state() -> str:
        return selectors.changes.state_of(selectors.boxes.own_box(bob).counter)

    return state


def test_nothing_new_is_204_and_one_read(signed_in, bob, state, django_assert_num_queries):
    client = signed_in(bob)
    client.get("/")
    path = f"/inbox/news/?since={state()}"
    # Session, person, box, and whether there is news.
    with django_assert_num_queries(4):
        answer = client.get(path, headers=HTMX)
    assert answer.status_code == HTTPStatus.NO_CONTENT


def test_new_mail_comes_in_at_the_top_whichever_way_it_came(signed_in, alice, bob, crew, state):
    client = signed_in(bob)
    client.get("/")
    since = state()
    services.sending.send(sender=alice, to=["bob"], subject="direct")
    services.sending.send(sender=alice, to=["crew"], subject="by the crew")

    answer = client.get(f"/inbox/news/?since={since}", headers=HTMX)
    assert answer.text.index("direct") < answer.text.index("by the crew")  # each on top of the last
    assert answer.text.count('hx-swap="afterbegin"') == 2
    assert 'hx-target="#folders"' in answer.text
    assert f"since={state()}" in answer.text
    again = client.get(f"/inbox/news/?since={state()}", headers=HTMX)
    assert again.status_code == HTTPStatus.NO_CONTENT


def test_new_mail_is_counted_while_another_folder_is_shown(signed_in, alice, bob, crew):
    client = signed_in(bob)
    page = client.get("/archive/")
    path = f"/archive/news/?since={page.context['state']}&inbox={page.context['inbox_state']}"
    assert client.get(path, headers=HTMX).status_code == HTTPStatus.NO_CONTENT
    services.sending.send(sender=alice, to=["crew"], subject="by the crew")

    answer = client.get(path, headers=HTMX)
    assert "afterbegin" not in answer.text
    assert 'data-unread="1"' in answer.text
    seen = answer.context["inbox_state"]
    assert f"inbox={seen}" in answer.text
    again = client.get(path.rpartition("=")[0] + f"={seen}", headers=HTMX)
    assert again.status_code == HTTPStatus.NO_CONTENT


def test_what_happened_in_another_window(signed_in, alice, bob, state):
    for n in range(2):
        services.sending.send(sender=alice, to=["bob"], subject=f"s{n}")
    client, box = signed_in(bob), selectors.boxes.own_box(bob)
    since = state()
    services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.SEEN])
    services.mailbox.delete(selection=some(box, [2]))

    answer = client.get(f"/inbox/news/?since={since}", headers=HTMX)
    assert f'hx-target="#line-{box.pk}-1" hx-swap="outerMorph"' in answer.text
    assert f'hx-target="#line-{box.pk}-2" hx-swap="delete"' in answer.text


def test_too_much_for_lines_brings_the_list_anew(signed_in, alice, bob, fill, state):
    client = signed_in(bob)
    since = state()
    fill(selectors.boxes.own_box(bob), 2 * selectors.mailbox.PAGE)
    answer = client.get(f"/inbox/news/?since={since}", headers=HTMX)
    assert "hx-target=\"#list[data-folder='inbox']\"" in answer.text


@pytest.mark.parametrize("since", ["", "x", "1", "-1.2", "99999999999999999999.1"])
def test_no_state_is_said(signed_in, bob, since):
    answer = signed_in(bob).get(f"/inbox/news/?since={since}")
    assert answer.status_code == HTTPStatus.BAD_REQUEST


def test_a_stranger_gets_404(signed_in, charlie):
    answer = signed_in(charlie).get("/folder-none/news/?since=0.0")
    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_signed_out(client, db):
    answer = client.get("/inbox/news/?since=0.0", headers=HTMX)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED


def test_wrong_method(signed_in, bob):
    assert signed_in(bob).post("/inbox/news/").status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_on_a_page_of_older_posts_nothing_comes_in_on_top(signed_in, alice, bob, state):
    older = services.sending.send(sender=alice, to=["bob"], subject="older").post
    client, since, box = signed_in(bob), state(), selectors.boxes.own_box(bob)
    before = services.sending.send(sender=alice, to=["bob"], subject="new").post.pk
    services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.SEEN])
    answer = client.get(f"/inbox/news/?since={since}&before={before}", headers=HTMX)
    assert "afterbegin" not in answer.text
    assert f"since={state()}&amp;before={before}" in answer.text
    assert older.subject in answer.text
    assert client.get(f"/inbox/1/?before={before}").status_code == HTTPStatus.OK
    assert f'href="/inbox/1/?before={before}"' in answer.text  # the way there without a script


def test_a_bad_cursor_is_not_found(signed_in, bob):
    answer = signed_in(bob).get("/inbox/news/?since=0.0&before=1")
    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_what_left_is_closed_where_it_was_open(signed_in, alice, bob, state):
    post = services.sending.send(sender=alice, to=["bob"], subject="oops").post
    client, since, box = signed_in(bob), state(), selectors.boxes.own_box(bob)
    services.sending.recall(post=post, by=alice)
    answer = client.get(f"/inbox/news/?since={since}", headers=HTMX)
    assert f"#pane[data-post='{box.pk}-1']" in answer.text
    assert "it was recalled, moved or deleted" in answer.text
    assert "0 posts" in answer.text
