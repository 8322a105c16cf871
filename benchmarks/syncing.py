"""The sync of one box with something pending, against the original and one PL/pgSQL call."""

from collections.abc import Callable

from benchmarks import world
from benchmarks.database import execute, settle
from benchmarks.measure import Contender, interleaved, timed
from benchmarks.peers import original, plpgsql
from benchmarks.report import Table
from benchmarks.world import World
from mail import services
from mail.models import Box

SOURCES = 5
OLD = 40  # posts of each source that the box has already
PENDING = (1, 10, 100, 1000)
TABLES = ("mail_deliveredpost", "mail_subscription", "mail_boxcounter")


class Scene:
    """A box with so many posts pending over its sources, and a twin to warm up with."""

    def __init__(self, here: World, pending: int) -> None:
        self.pending = pending
        self.sources = [
            world.group(f"source {n} of {pending}", here.sender) for n in range(SOURCES)
        ]
        self.box, self.twin = (
            world.reader(f"{name}{pending}", self.sources) for name in ("box", "twin")
        )
        self._fill()
        self._copy_for_original()
        settle()

    def _fill(self) -> None:
        for source in self.sources:
            world.fill(source, OLD)
        for box in (self.box, self.twin):
            services.mailbox.sync(box=box)
        for nr, source in enumerate(self.sources):
            if share := len(range(nr, self.pending, SOURCES)):
                world.fill(source, share)

    def _copy_for_original(self) -> None:
        """The same rows for the original; its ids follow ours, so its watermarks can, too."""
        boxes = [box.pk for box in (*self.sources, self.box, self.twin)]
        execute(
            """INSERT INTO peer_delivered (box_id, post_id, delivered, is_read)
               SELECT box_id, post_id, delivered, false FROM mail_deliveredpost
               WHERE box_id = ANY (%s::bigint[]) ORDER BY box_id, uid""",
            boxes,
        )
        execute(
            """INSERT INTO peer_subscribed (source_id, target_id, watermark)
               SELECT source_id, target_id, NULL FROM mail_subscription
               WHERE target_id = ANY (%s::bigint[])""",
            boxes,
        )

    @property
    def targets(self) -> list[int]:
        return [self.box.pk, self.twin.pk]

    def reset(self) -> None:
        """Undo the last sync of both boxes, and leave no bloat behind."""
        old = OLD * SOURCES
        execute(
            "DELETE FROM mail_deliveredpost WHERE box_id = ANY (%s::bigint[]) AND uid > %s",
            *(self.targets, old),
        )
        execute(
            "UPDATE mail_boxcounter SET last_uid = %s WHERE box_id = ANY (%s::bigint[])",
            *(old, self.targets),
        )
        execute(
            "UPDATE mail_subscription SET watermark = %s WHERE target_id = ANY (%s::bigint[])",
            *(OLD, self.targets),
        )
        world.tidy(*TABLES)

    def reset_original(self) -> None:
        """The same for the original: the watermark is the id of the last old row."""
        execute(
            """DELETE FROM peer_delivered d WHERE box_id = ANY (%s::bigint[]) AND NOT EXISTS (
                   SELECT FROM mail_deliveredpost m
                   WHERE m.box_id = d.box_id AND m.post_id = d.post_id AND m.uid <= %s)""",
            *(self.targets, OLD * SOURCES),
        )
        execute(
            """UPDATE peer_subscribed s SET watermark = (
                   SELECT max(d.id) FROM peer_delivered d
                   JOIN mail_deliveredpost m ON m.box_id = d.box_id AND m.post_id = d.post_id
                   WHERE d.box_id = s.source_id AND m.uid <= %s)
               WHERE target_id = ANY (%s::bigint[])""",
            *(OLD, self.targets),
        )
        world.tidy("peer_delivered", "peer_subscribed")


def run(here: World, *, quick: bool) -> Table:
    original.create()
    plpgsql.create()
    table = Table(
        "Sync",
        f"One box with posts pending over {SOURCES} sources, each time from the same state.",
    )
    for pending in PENDING:
        _compare(table, Scene(here, pending), *((3, 2) if quick else (9, 4)))
    return table


def _compare(table: Table, scene: Scene, rounds: int, repeat: int) -> None:
    ours = Contender("Opost", _ours(scene, repeat))
    call = Contender("PL/pgSQL", _call(scene, repeat))
    loop = Contender("original", _original(scene), warms_itself=True)
    interleaved([ours, call, loop], rounds)
    case = f"{scene.pending:,} pending"
    table.compare(case, ours, loop, 100 if scene.pending == 100 else None)
    table.compare(case, ours, call, 0.5)


def _ours(scene: Scene, repeat: int) -> Callable[[], list[float]]:
    def sync(box: Box) -> None:
        _check(scene, services.mailbox.sync(box=box).inserted)

    return _from_same_state(sync, scene, scene.reset, repeat)


def _call(scene: Scene, repeat: int) -> Callable[[], list[float]]:
    def sync(box: Box) -> None:
        _check(scene, plpgsql.sync(box.pk, box.name))

    return _from_same_state(sync, scene, scene.reset, repeat)


def _original(scene: Scene) -> Callable[[], list[float]]:
    def sync(box: Box) -> None:
        _check(scene, original.sync(box.pk))

    return _from_same_state(sync, scene, scene.reset_original, 1)


def _check(scene: Scene, served: int) -> None:
    if served != scene.pending:
        raise AssertionError(f"{served} of {scene.pending} posts arrived.")


def _from_same_state(
    sync: Callable[[Box], None], scene: Scene, reset: Callable[[], None], repeat: int
) -> Callable[[], list[float]]:
    def prepare() -> None:
        reset()
        sync(scene.twin)  # plans are made anew after a reset

    return timed(lambda: sync(scene.box), prepare=prepare, repeat=repeat)
