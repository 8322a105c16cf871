from http import HTTPStatus

import pytest

from mail import selectors, services
from mail.models import Flag
from mail.selectors.selection import some


@pytest.fixture
def post(alice, bob):
    return services.sending.send(sender=alice, to=["bob"], subject="hello", body="**hi**").post


def test_works(signed_in, bob, post):
    page = signed_in(bob).get("/inbox/1/")
    assert "<strong>hi</strong>" in page.text
    assert "<html" in page.text


def test_htmx_gets_the_pane_alone(signed_in, bob, post):
    page = signed_in(bob).get("/inbox/1/", headers={"HX-Request": "true"})
    assert page.text.strip().startswith("<section")
    assert "<html" not in page.text


def test_what_is_flagged_can_be_unflagged(signed_in, bob, post):
    services.mailbox.store_flags(
        selection=some(selectors.boxes.own_box(bob), [1]), add=[Flag.FLAGGED]
    )
    assert 'formaction="/inbox/unflag/"' in signed_in(bob).get("/inbox/1/").text


def test_reading_by_get_marks_nothing(signed_in, bob, post):
    signed_in(bob).get("/inbox/1/")
    assert selectors.boxes.unread_counts(bob) == {"": 1}


@pytest.mark.parametrize("path", ["/inbox/1/", "/inbox/999999999999999999/", "/sent/1/"])
def test_a_stranger_gets_404(signed_in, charlie, post, path):
    assert signed_in(charlie).get(path).status_code == HTTPStatus.NOT_FOUND


def test_a_number_beyond_any_uid_is_404(signed_in, bob):
    assert signed_in(bob).get(f"/inbox/{10**30}/").status_code == HTTPStatus.NOT_FOUND


def test_a_recalled_post_is_404(signed_in, alice, bob, post):
    services.sending.recall(post=post, by=alice)
    assert signed_in(bob).get("/inbox/1/").status_code == HTTPStatus.NOT_FOUND


def test_signed_out(client, post):
    assert client.get("/inbox/1/").status_code == HTTPStatus.FOUND


def test_wrong_method(signed_in, bob, post):
    assert signed_in(bob).post("/inbox/1/").status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_a_conversation_shows_what_was_written_before_and_after(signed_in, alice, bob, post):
    services.sending.send(
        sender=bob, to=["alice"], subject="Re: hello", body="> hi\n\nho", in_reply_to=post.pk
    )
    services.sending.send(sender=alice, to=["bob"], subject="elsewhere")
    client = signed_in(bob)
    page = client.get("/inbox/1/")
    assert page.text.count('<details class="message"') == 2
    assert '<details class="quoted">' in page.text
    assert [message.box for message in page.context["reading"].messages] == ["", "sent"]


def test_what_is_only_in_the_trash_can_be_read_there(signed_in, bob, post):
    services.mailbox.trash(selection=some(selectors.boxes.own_box(bob), [1]), owner=bob)
    assert "<strong>hi</strong>" in signed_in(bob).get("/trash/1/").text


def test_a_group_is_shown_with_its_size(signed_in, alice, bob, crew):
    services.sending.send(sender=alice, to=["crew"], subject="x")
    client = signed_in(bob)
    client.get("/")
    assert "2 people" in client.get("/inbox/1/").text


def test_neighbours(signed_in, alice, bob, post):
    for n in range(2):
        services.sending.send(sender=alice, to=["bob"], subject=f"{n}")
    page = signed_in(bob).get("/inbox/2/")
    assert (page.context["reading"].newer, page.context["reading"].older) == (3, 1)


def test_a_conversation_costs_the_same_at_any_length(
    signed_in, alice, bob, post, django_assert_num_queries
):
    client = signed_in(bob)
    for length in (2, 20):
        for _ in range(length):
            services.sending.send(sender=alice, to=["bob"], subject="Re", in_reply_to=post.pk)
        # Session, person, box; row and post; boxes, thread, copies, posts, full names, attachments;
        # recipients; neighbours; whether it is muted.
        with django_assert_num_queries(14):
            client.get("/inbox/1/", headers={"HX-Request": "true"})
