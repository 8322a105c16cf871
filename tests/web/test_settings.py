"""What people choose for themselves, their tokens, and where they are signed in."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from mail import selectors, services
from mail.models import Session, User

CHOSEN = {
    "language": "de",
    "time_zone": "Asia/Tokyo",
    "theme": "dark",
    "density": "roomy",
    "page_size": 25,
    "signature": "Bob\n*Post room*",
}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_what_is_chosen_is_kept_and_used(signed_in, bob, fill):
    fill(selectors.boxes.own_box(bob), 30)
    client = signed_in(bob)
    assert 'value="50" selected' in client.get("/settings/").text
    page = client.post("/settings/", CHOSEN, follow=True)
    assert page.redirect_chain == [("/settings/", HTTPStatus.FOUND)]
    bob.refresh_from_db()
    assert {field: getattr(bob, field) for field in CHOSEN} == CHOSEN

    inbox = client.get("/")
    assert 'lang="de" dir="ltr" class="dark"' in inbox.text
    assert '<body class="roomy"' in inbox.text
    assert "+09:00" in inbox.text
    assert len(inbox.context["page"].rows) == 25
    assert inbox.headers["Content-Language"] == "de"
    assert Client(headers={"Accept-Language": "ar"}).get("/sign-in/").text.count('dir="rtl"') == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("language", "tlh"), ("time_zone", "Mars/Base"), ("theme", "pink"), ("density", "x")),
        *(("page_size", "26"), ("page_size", "x"), ("signature", "x" * 2001)),
    ],
)
def test_what_cannot_be_chosen_is_said_at_its_field(signed_in, bob, field, value):
    page = signed_in(bob).post("/settings/", CHOSEN | {field: value})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert list(page.context["form"].errors) == [field]
    bob.refresh_from_db()
    assert bob.theme == User.Theme.AUTO


def test_a_wrong_time_zone_is_told_how_one_is_written(signed_in, bob):
    page = signed_in(bob).post("/settings/", CHOSEN | {"time_zone": "Mars/Base"})
    assert "“Mars/Base” is no time zone" in page.text
    assert "Africa" not in "".join(page.context["form"].errors["time_zone"])


def test_what_browsers_and_people_write_otherwise_is_kept_as_usual(signed_in, bob):
    signature = "x" + "\r\n" * 1998 + "x"  # as many characters as there may be
    given = CHOSEN | {"time_zone": "asia/tokyo", "signature": signature}
    assert signed_in(bob).post("/settings/", given).status_code == HTTPStatus.FOUND
    bob.refresh_from_db()
    assert (bob.time_zone, bob.signature) == ("Asia/Tokyo", "x" + "\n" * 1998 + "x")


def test_the_signature_stands_below_what_one_begins(signed_in, alice, bob):
    services.sending.send(sender=alice, to=["bob"], subject="hello", body="hi")
    services.account.save_settings(user=bob, signature="*Bob*")
    client = signed_in(bob)
    assert client.get("/compose/").context["form"].initial["body"] == "\n\n-- \n\n*Bob*"
    for how in ("reply", "reply-all", "forward"):
        body = client.get(f"/inbox/1/{how}/").context["form"].initial["body"]
        assert body.startswith("\n\n-- \n\n*Bob*\n\n")
        assert body.rstrip().endswith("hi")


def test_a_token_is_shown_once_and_works_until_it_is_revoked(signed_in, bob):
    client = signed_in(bob)
    page = client.post("/settings/tokens/", {"name": "laptop", "days": 7, "read_only": "on"})
    secret = page.context["secret"]
    assert page.text.count(secret) == 1
    assert page.headers["Cache-Control"] == "no-store"
    token = bob.api_tokens.get()
    assert (token.name, token.read_only) == ("laptop", True)
    assert token.expires - timezone.now() > timedelta(days=6)
    assert secret not in client.get("/settings/tokens/").text

    program = Client(headers={"Authorization": f"Bearer {secret}"})
    assert program.get("/postapi/users").status_code == HTTPStatus.OK
    page = client.post(f"/settings/tokens/{token.pk}/revoke/", follow=True)
    assert "The token is revoked." in page.text
    assert program.get("/postapi/users").status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("given", [{"name": ""}, {"name": "x", "days": 0}, {"name": "x" * 101}])
def test_a_bad_token_is_refused_at_its_field(signed_in, bob, given):
    page = signed_in(bob).post("/settings/tokens/", given)
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not bob.api_tokens.exists()


def test_one_token_too_many_is_said(signed_in, bob):
    for n in range(50):
        services.account.create_token(user=bob, name=str(n))
    page = signed_in(bob).post("/settings/tokens/", {"name": "x"})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "50" in page.context["form"].non_field_errors()[0]


@pytest.fixture
def browser(bob):
    def browser(user_agent: str = "") -> Client:
        client = Client(headers={"User-Agent": user_agent})
        client.post("/sign-in/", {"username": "bob", "password": "deadbeef"})
        return client

    return browser


def is_signed_in(client: Client) -> bool:
    return client.get("/").status_code == HTTPStatus.OK


def test_browsers_are_told_apart_and_signed_out(browser, bob):
    here, there, elsewhere = browser(FIREFOX), browser("x" * 500), browser()
    page = here.get("/settings/sessions/")
    assert "Firefox on Linux" in page.text
    assert page.text.count("unknown browser") == 4  # each said once more at its button
    keys = [session.session_key for session in page.context["sessions"]]
    assert len(keys) == 3
    assert not any(key in page.text for key in keys)

    handle = Session.objects.get(session_key=there.session.session_key).handle
    here.post(f"/settings/sessions/{handle}/end/")
    assert [is_signed_in(each) for each in (here, there, elsewhere)] == [True, False, True]
    again = here.post("/settings/sessions/end-others/", follow=True)
    assert "Signed out in 1 browser." in again.text
    assert [is_signed_in(each) for each in (here, elsewhere)] == [True, False]
    assert "Sign out everywhere else" not in again.text


def test_a_session_stays_ones_own_when_its_key_changes(browser, bob):
    here, there = browser(FIREFOX), browser()
    new = "correct horse battery"
    given = {"old_password": "deadbeef", "new_password1": new, "new_password2": new}
    here.post("/password/", given)
    assert is_signed_in(here)
    assert not is_signed_in(there)
    page = here.get("/settings/sessions/")
    assert "this browser" in page.text
    assert "Firefox on Linux" in page.text


def test_of_others_is_404(signed_in, browser, bob, charlie):
    handle = Session.objects.get(session_key=browser().session.session_key).handle
    token, _ = services.account.create_token(user=bob, name="x")
    client = signed_in(charlie)
    for path in (f"/settings/sessions/{handle}/end/", f"/settings/tokens/{token.pk}/revoke/"):
        assert client.post(path).status_code == HTTPStatus.NOT_FOUND
    client.post("/settings/sessions/end-others/")
    assert Session.objects.filter(user=bob).exists()
    assert bob.api_tokens.exists()


def test_when_a_browser_was_last_used_is_noted_once_an_hour(
    browser, bob, django_assert_num_queries
):
    here, there = browser(FIREFOX), browser()
    used = Session.objects.get(session_key=there.session.session_key)
    assert used.last_seen == used.started
    long_ago = timezone.now() - timedelta(days=10)
    store = there.session
    store["seen"] = long_ago.isoformat()
    store.save()
    Session.objects.filter(pk=used.pk).update(expire_date=timezone.now() + timedelta(days=4))
    assert "last used" in here.get("/settings/sessions/").text
    assert Session.objects.get(pk=used.pk).last_seen == long_ago

    answer = there.get("/settings/")
    used = Session.objects.get(pk=used.pk, last_seen__gt=F("started"))
    assert used.expire_date > timezone.now() + timedelta(days=13)
    assert answer.cookies["sessionid"]["max-age"] > 13 * 24 * 3600
    with django_assert_num_queries(2):  # session, person
        there.get("/settings/")
