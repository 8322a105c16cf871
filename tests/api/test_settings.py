"""`settings`: what one chose for oneself."""

import pytest

from mail import services

from .conftest import Api

USUAL = {
    "language": "",
    "time_zone": "",
    "theme": "auto",
    "density": "cosy",
    "page_size": 50,
    "signature": "",
}


def test_works(as_, bob, charlie):
    assert as_(bob).get("settings").json() == USUAL
    chosen = {"language": "ar", "time_zone": "Asia/Riyadh", "page_size": 25, "signature": "**B**"}
    answer = as_(bob).patch("settings", chosen)
    assert answer.status_code == 200
    assert answer.json() == USUAL | chosen
    assert as_(bob).get("settings").json() == USUAL | chosen
    assert as_(charlie).get("settings").json() == USUAL


def test_what_is_left_out_stays(as_, bob):
    as_(bob).patch("settings", {"theme": "dark"})
    assert as_(bob).patch("settings", {}).json() == USUAL | {"theme": "dark"}
    assert as_(bob).patch("settings", {"theme": None}).json() == USUAL | {"theme": "dark"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("language", "tlh", "zh-hans"),
        ("time_zone", "Mars/Base", "“Mars/Base” is no time zone"),
        ("time_zone", "Berlin", "like Europe/Berlin"),
        ("time_zone", "\0", "like Europe/Berlin"),
        ("theme", "pink", "dark"),
        ("density", "", "roomy"),
        ("page_size", 26, "100"),
        ("page_size", 10**30, "100"),
        ("signature", "x" * 2001, "2000"),
        ("signature", "\0", "NUL"),
    ],
)
def test_what_cannot_be_chosen(as_, bob, problem, field, value, said):
    answer = as_(bob).patch("settings", {"density": "roomy", field: value})
    problem(answer, 400, field=field)
    assert said in answer.text
    assert as_(bob).get("settings").json() == USUAL


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("time_zone", "europe/berlin", "Europe/Berlin"),
        ("time_zone", "AMERICA/ARGENTINA/BUENOS_AIRES", "America/Argentina/Buenos_Aires"),
        ("time_zone", "utc", "UTC"),
        ("time_zone", "", ""),
        ("signature", "a\r\nb\rc\n", "a\nb\nc\n"),
        ("signature", "\r\n" * 2000, "\n" * 2000),
    ],
)
def test_is_kept_as_it_is_usually_written(as_, bob, field, given, kept):
    assert as_(bob).patch("settings", {field: given}).json() == USUAL | {field: kept}


def test_an_unknown_field_is_named(as_, bob, problem):
    problem(as_(bob).patch("settings", {"colour": "red"}), 422, field="colour")


def test_wrong_method(as_, bob):
    assert as_(bob).delete("settings").status_code == 405


def test_what_is_refused_is_said_in_the_language_that_one_chose(as_, bob, problem):
    _, secret = services.account.create_token(user=bob, name="x")
    token = Api({"Authorization": f"Bearer {secret}", "Accept-Language": "fr"})
    said = {}
    for language in ("", "de"):
        as_(bob).patch("settings", {"language": language})
        for api in (as_(bob), token):
            answer = api.post("actions/deliver", {"to": ["nobody"]})
            problem(answer, 400, code="unknown-recipient")
            said[language, api is token] = answer.json()["detail"]
    assert said["", False] == "Nobody here is called “nobody”."
    assert said["de", False] == said["de", True] != said["", True] != said["", False]
