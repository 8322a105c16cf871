"""Acting on what a search found: all that one has seen of it, and nothing that came after."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import errors, selectors, services
from mail.models import Box, DeliveredPost, Flag, Post, User
from mail.search import index, tokenizer
from mail.search.query import parse
from mail.selectors.selection import some
from mail.services import audit

pytestmark = pytest.mark.django_db
BATCH = 1000


@pytest.fixture
def write(alice, bob):
    def write(*subjects: str, to: str = "bob", sender: User = alice) -> None:
        for subject in subjects:
            services.sending.send(sender=sender, to=[to], subject=subject)

    return write


@pytest.fixture
def found(bob):
    """What bob's search finds now, to be acted on later."""

    def found(typed: str):
        boxes = selectors.boxes.own_boxes(bob)
        return selectors.selection.found(boxes, parse(typed), selectors.selection.seen_of(boxes))

    return found


def subjects(user: User, folder: str = "") -> list[str]:
    rows = DeliveredPost.objects.filter(box=selectors.boxes.own_box(user, folder))
    return list(rows.order_by("uid").values_list("subject", flat=True))


def unread(user: User) -> list[str]:
    rows = DeliveredPost.objects.filter(box__owner=user, read_at=None)
    return list(rows.order_by("uid").values_list("subject", flat=True))


def test_all_that_was_found_and_nothing_else(bob, write, found):
    write("needle 1", "other", "needle 2")
    assert services.mailbox.store_flags(selection=found("needle"), add=[Flag.SEEN]) == 2
    assert unread(bob) == ["other"]
    assert services.mailbox.store_flags(selection=found("needle is:read"), remove=[Flag.SEEN]) == 2
    assert services.mailbox.store_flags(selection=found("needle"), add=[Flag.FLAGGED]) == 2
    assert services.mailbox.store_flags(selection=found("is:flagged"), remove=[Flag.FLAGGED]) == 2
    assert services.mailbox.delete(selection=found("needle")) == 2
    assert subjects(bob) == ["other"]


def test_what_came_after_one_looked_stays(bob, write, found):
    write("needle 1")
    hits = found("needle")
    write("needle 2")
    assert services.mailbox.store_flags(selection=hits, add=[Flag.SEEN]) == 1
    assert unread(bob) == ["needle 2"]


def test_what_was_moved_by_somebody_else_meanwhile_stays(bob, write, found):
    write("needle 1", "needle 2")
    hits = found("needle")
    services.mailbox.move(
        selection=some(selectors.boxes.own_box(bob), [1]),
        to=selectors.boxes.own_box(bob, "archive"),
    )
    assert services.mailbox.store_flags(selection=hits, add=[Flag.SEEN]) == 1
    assert unread(bob) == ["needle 1"]


def test_of_several_boxes_each_goes_back_to_where_it_was(bob, write, found):
    archive, trash = selectors.boxes.own_box(bob, "archive"), selectors.boxes.own_box(bob, "trash")
    services.folders.create(owner=bob, name="own")
    own = selectors.boxes.own_box(bob, "own")
    write("needle 1", "needle 2", "needle 3", "stays")
    services.mailbox.move(selection=some(selectors.boxes.own_box(bob), [2]), to=own)
    services.mailbox.move(selection=some(selectors.boxes.own_box(bob), [3]), to=archive)
    write("needle 4", sender=bob, to="alice")
    write("old")
    services.mailbox.move(selection=some(selectors.boxes.own_box(bob), [5]), to=trash)

    moved = services.mailbox.move(selection=found("needle"), to=trash)
    assert sum(map(len, moved)) == 4
    assert sorted(subjects(bob, "trash")) == [*(f"needle {n}" for n in (1, 2, 3, 4)), "old"]
    assert [subjects(bob), subjects(bob, "own"), subjects(bob, "sent")] == [["stays"], [], []]

    trash = selectors.boxes.own_box(bob, "trash")
    assert services.mailbox.move_back(owner=bob, box=trash, moved=moved) == 4
    assert subjects(bob, "trash") == ["old"]
    assert subjects(bob) == ["stays", "needle 1"]
    assert subjects(bob, "own") == ["needle 2"]
    assert subjects(bob, "archive") == ["needle 3"]
    assert subjects(bob, "sent") == ["needle 4"]
    assert services.mailbox.move_back(owner=bob, box=trash, moved=moved) == 0


def test_what_is_there_already_is_left_alone(bob, write, found):
    write("needle 1", "needle 2")
    archive = selectors.boxes.own_box(bob, "archive")
    services.mailbox.move(selection=some(selectors.boxes.own_box(bob), [1]), to=archive)
    moved = services.mailbox.move(selection=found("needle"), to=archive)
    assert sum(map(len, moved)) == 1
    services.mailbox.move_back(owner=bob, box=selectors.boxes.own_box(bob, "archive"), moved=moved)
    assert [subjects(bob, "archive"), subjects(bob)] == [["needle 1"], ["needle 2"]]


def test_two_copies_become_one_and_two_again(bob, write, found):
    write("needle", sender=bob)  # in the inbox, and in sent
    write("needle", sender=bob, to="alice")
    archive = selectors.boxes.own_box(bob, "archive")
    services.mailbox.move(selection=some(selectors.boxes.own_box(bob, "sent"), [2]), to=archive)
    services.mailbox.store_flags(selection=some(selectors.boxes.own_box(bob), [1]), add=[Flag.SEEN])

    moved = services.mailbox.move(
        selection=found("needle"), to=selectors.boxes.own_box(bob, "archive")
    )
    assert sum(map(len, moved)) == 2
    assert [len(subjects(bob, folder)) for folder in ("", "sent", "archive")] == [0, 0, 2]
    archive = selectors.boxes.own_box(bob, "archive")
    assert services.mailbox.move_back(owner=bob, box=archive, moved=moved) == 2
    assert [len(subjects(bob, folder)) for folder in ("", "sent", "archive")] == [1, 1, 1]
    assert unread(bob) == []
    assert all(each.wrong == 0 for each in audit.audit())
    assert services.mailbox.move_back(owner=bob, box=archive, moved=moved) == 0


def test_what_the_target_had_stays_there_when_it_is_undone(alice, bob, write, found):
    write("needle")
    post = Post.objects.get()
    services.sending.deliver(post=post, box=selectors.boxes.own_box(bob, "archive"), by=alice)
    moved = services.mailbox.move(
        selection=found("needle in:inbox"), to=selectors.boxes.own_box(bob, "archive")
    )
    assert [subjects(bob), subjects(bob, "archive")] == [[], ["needle"]]
    archive = selectors.boxes.own_box(bob, "archive")
    assert services.mailbox.move_back(owner=bob, box=archive, moved=moved) == 1
    assert [subjects(bob), subjects(bob, "archive")] == [["needle"], ["needle"]]


def test_some_hits_by_name(alice, bob, write):
    write("one", "two", "three")
    box = selectors.boxes.own_box(bob)
    hits = selectors.selection.of_keys(bob, {(box.pk, 1), (box.pk, 3), (box.pk, 99)})
    assert services.mailbox.store_flags(selection=hits, add=[Flag.SEEN]) == 2
    assert unread(bob) == ["two"]
    with pytest.raises(errors.NotFound):
        selectors.selection.of_keys(alice, {(box.pk, 1)})


def test_undoing_is_among_ones_own_boxes(alice, bob, write):
    write("one")
    box = selectors.boxes.own_box(bob)
    back = [services.mailbox.Moved(selectors.boxes.own_box(alice).pk, 1, 1)]
    with pytest.raises(errors.NotFound):
        services.mailbox.move_back(owner=bob, box=box, moved=back)
    assert subjects(bob) == ["one"]


@pytest.fixture
def many(fill):
    """Fill a box with posts that all have a word."""

    def many(box: Box, count: int, text: str) -> None:
        before = set(Post.objects.values_list("pk", flat=True))
        fill(box, count)
        vector = tokenizer.vector(subject="", sender="", recipients=[], body=text)
        ids = Post.objects.exclude(pk__in=before).values_list("pk", flat=True)
        index.add(dict.fromkeys(ids, vector))

    return many


class Interrupted(selectors.selection.Selection):
    """A selection between whose batches something else happens."""

    interrupt: Callable[[], None]
    taken: list[selectors.selection.Batch]

    def __init__(self, whole: selectors.selection.Selection, interrupt: Callable[[], None]) -> None:
        super().__init__(whole.boxes, whole.uids, whole.seen, whole.query)
        object.__setattr__(self, "interrupt", interrupt)
        object.__setattr__(self, "taken", [])

    def batches(self) -> Iterator[selectors.selection.Batch]:
        for batch in selectors.selection.Selection.batches(self):
            yield batch
            self.taken.append(batch)
            self.interrupt()


class TestMany:
    @pytest.fixture
    def boxes(self, bob, many) -> tuple[Box, Box]:
        inbox, archive = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "archive")
        many(archive, 500, "needle")
        many(inbox, 1500, "needle")
        many(inbox, 700, "other")
        many(archive, 500, "needle")
        return inbox, archive

    @pytest.mark.parametrize("typed", ["needle is:unread", "is:unread needle -xyz"])
    def test_a_batch_after_the_other_by_place(self, bob, boxes, found, typed):
        assert services.mailbox.store_flags(selection=found(typed), add=[Flag.SEEN]) == 2500
        assert len(unread(bob)) == 700

    def test_other_deliveries_come_in_between(self, bob, boxes, found, many):
        def interrupt() -> None:
            many(selectors.boxes.own_box(bob, "trash"), 3, "needle")
            many(selectors.boxes.own_box(bob), 3, "needle")

        before = {
            box: set(DeliveredPost.objects.filter(box=box).values_list("post", flat=True))
            for box in boxes
        }
        trash = selectors.boxes.own_box(bob, "trash")
        selection = Interrupted(found("needle"), interrupt)
        moved = services.mailbox.move(selection=selection, to=trash)
        assert sum(map(len, moved)) == 2500
        interruptions = len(selection.taken)
        assert len(subjects(bob)) == 700 + 3 * interruptions
        assert (
            services.mailbox.move_back(
                owner=bob, box=selectors.boxes.own_box(bob, "trash"), moved=moved
            )
            == 2500
        )
        for box in boxes:
            now = set(DeliveredPost.objects.filter(box=box).values_list("post", flat=True))
            assert before[box] <= now
        assert len(subjects(bob, "trash")) == 3 * interruptions

    def test_each_batch_costs_the_same(self, boxes, found):
        costs: list[int] = []

        batches = found("needle is:unread").batches()
        while True:
            with CaptureQueriesContext(connection) as queries:
                batch = next(batches, None)
            if batch is None:
                break
            box, uids = batch
            assert len(uids) <= BATCH
            costs.append(len(queries))
            services.mailbox.store_flags(selection=some(box, uids), add=[Flag.SEEN])
        assert len(unread(boxes[0].owner)) == 700
        assert max(costs) <= 8

    def test_the_walk_reads_keys_only(self, boxes, found):
        with CaptureQueriesContext(connection) as queries:
            for _ in found("needle").batches():
                pass
        assert not [query for query in queries if "subject" in query["sql"]]
