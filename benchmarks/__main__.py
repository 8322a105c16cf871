"""Runs all benchmarks in a database of their own and prints a table for each."""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.database import configure, fresh

MEMBERS = 1_000_000
MEMBERS_WHEN_QUICK = 100_000


def main() -> int:
    """Measure, print, and write with --write; the database goes away however this ends."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer members and rounds")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md as well")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    configure()
    try:
        with fresh():
            _run(quick=options.quick, to_document=options.write)
    except KeyboardInterrupt:
        return 130
    return 0


def _run(*, quick: bool, to_document: bool) -> None:
    from benchmarks import report  # noqa: PLC0415 - models are there after configure only

    parts = []
    for part in _parts(quick=quick):
        print(part, flush=True)
        parts.append(part)
    if to_document:
        report.write("\n".join(parts))


def _parts(*, quick: bool) -> Iterator[str]:
    from benchmarks import machine, world  # noqa: PLC0415 - as above

    begin = time.monotonic()
    yield machine.described() + "\n"
    if quick:
        yield (
            f"Quick: {MEMBERS_WHEN_QUICK:,} members stand for {MEMBERS:,}, and the target of the "
            "broadcast is left to the full run.\n"
        )
    here = world.build(MEMBERS_WHEN_QUICK if quick else MEMBERS)
    _progress("people and boxes made", begin)
    for run in _benchmarks():
        yield str(run(here, quick=quick))
        _progress(run.__module__, begin)
    yield f"All of it took {(time.monotonic() - begin) / 60:.1f} minutes.\n"


def _progress(done: str, begin: float) -> None:
    print(f"{time.monotonic() - begin:4.0f} s: {done}", file=sys.stderr)


def _benchmarks() -> list[Callable[..., object]]:
    from benchmarks import (  # noqa: PLC0415
        api,
        attachments,
        broadcast,
        browser,
        hot_box,
        idle,
        named_boxes,
        searching,
        syncing,
    )

    return [
        broadcast.run,
        syncing.run,
        idle.run,
        hot_box.run,
        named_boxes.run,
        api.run,
        searching.run,
        attachments.run,
        browser.run,
    ]


if __name__ == "__main__":
    sys.exit(main())
