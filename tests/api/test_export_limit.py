"""How many exports of one person run at once, and that none is counted for longer."""

import gc

import pytest

from mail import services
from mail.mime import mbox

pytestmark = pytest.mark.django_db(transaction=True)  # closing an answer ends its connection
PATH = "boxes/bob/export"


@pytest.fixture(autouse=True)
def _none_is_left():
    yield
    gc.collect()
    assert not mbox.Counted._running


def test_two_run_at_once_and_a_third_waits(as_, alice, bob, problem):
    api = as_(bob)
    running = [api.get(PATH) for _ in range(mbox.MAX_RUNNING)]
    refused = api.get(PATH)
    problem(refused, 429, code="too-many-exports")
    assert int(refused.headers["Retry-After"]) > 0
    assert as_(alice).get("boxes/alice/export").status_code == 200  # others are not held up

    running[0].close()
    assert api.get(PATH).status_code == 200
    problem(api.get("boxes/nobody/export"), 404)


def test_one_that_is_read_to_its_end_makes_room(as_, bob):
    api = as_(bob)
    for _ in range(2 * mbox.MAX_RUNNING):
        answer = api.get(PATH)
        assert answer.status_code == 200
        b"".join(answer.streaming_content)
        answer.close()


def test_a_client_that_goes_away_leaves_nothing(as_, alice, bob):
    services.sending.send(sender=alice, to=["bob"])
    api = as_(bob)
    for _ in range(2 * mbox.MAX_RUNNING):
        answer = api.get(PATH)
        assert next(iter(answer.streaming_content))
        answer.close()  # as a server does when nobody takes the rest


def test_head_and_an_answer_that_nobody_closes_leave_nothing(as_, bob):
    api = as_(bob)
    for method in (api.head, api.get):
        for _ in range(2 * mbox.MAX_RUNNING):
            assert method(PATH).status_code == 200
            gc.collect()
