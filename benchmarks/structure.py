"""Figures of the code's structure, and of how a request walks through it: `make map`."""

import ast
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from benchmarks.database import configure, fresh
from benchmarks.report import aligned

ROOT = Path(__file__).resolve().parent.parent
MAIL = ROOT / "mail"
type Imports = dict[str, set[str]]


def main() -> int:
    """Print all figures; the database that the walks need goes away afterwards."""
    for part in (_rooms(), _lengths()):
        print(part, end="\n\n")
    configure()
    with fresh():
        print(aligned([("walk", "modules", "moves", "statements"), *_walks()]))
    return 0


# --- Modules --------------------------------------------------------------------------------------


def _sources() -> dict[str, ast.Module]:
    paths = [path for path in MAIL.rglob("*.py") if "migrations" not in path.parts]
    return {_module(path): ast.parse(path.read_text()) for path in sorted(paths)}


def _module(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def _imports(sources: Mapping[str, ast.Module]) -> Imports:
    """Return which modules each one imports; importing a package's submodule is no package."""
    return {
        name: {found for found in _named(tree) if found in sources and found != name}
        for name, tree in sources.items()
    }


def _named(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _floors(imports: Imports) -> dict[str, int]:
    """Return how many modules lie below each one, on the longest way down; there are no cycles."""
    floors: dict[str, int] = {}

    def floor(name: str) -> int:
        if name not in floors:
            floors[name] = 1 + max(map(floor, imports[name]), default=0)
        return floors[name]

    for name in imports:
        floor(name)
    return floors


def _rooms() -> str:
    imports = _imports(_sources())
    packages = {name for name in imports if any(other.startswith(f"{name}.") for other in imports)}
    # A package that only gathers its rooms is no floor of its own.
    inner = {
        name: {other for other in found if other not in packages}
        for name, found in imports.items()
        if name not in packages
    }
    folders = {name.split(".")[1] for name in inner if name.count(".")}
    rows = [
        ("figure", "now"),
        ("entries directly in mail/", str(len(_entries()))),
        ("folders and files that hold modules", str(len(folders))),
        ("modules", str(len(inner))),
        ("import arrows between modules", str(sum(map(len, inner.values())))),
        ("floors", str(max(_floors(inner).values()))),
        ("import arrows between folders", str(len(_between_folders(inner)))),
    ]
    return aligned(rows)


def _entries() -> list[str]:
    return [path.name for path in MAIL.iterdir() if path.name != "__pycache__"]


def _between_folders(imports: Imports) -> set[tuple[str, str]]:
    return {
        (name.split(".")[1], other.split(".")[1])
        for name, found in imports.items()
        for other in found
        if name.split(".")[1] != other.split(".")[1]
    }


def _lengths() -> str:
    lengths: dict[str, int] = {}
    for module, tree in _sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths[f"{module}.{node.name}"] = (node.end_lineno or 0) - node.lineno + 1
    longest = sorted(lengths, key=lambda name: -lengths[name])[:5]
    rows = [
        ("functions", "lines"),
        (f"median of {len(lengths)}", f"{statistics.median(lengths.values()):g}"),
        *((name, str(lengths[name])) for name in longest),
    ]
    return aligned(rows)


# --- Walks ----------------------------------------------------------------------------------------


class Walk:
    """Modules of `mail` that run, and how often one calls another."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.moves: list[tuple[str, str]] = []
        self._names: dict[CodeType, str | None] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Follow all calls of this thread."""
        sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, _arg: object) -> None:
        if event != "call" or (name := self._module_of(frame)) is None:
            return
        self.modules.add(name)
        caller = frame.f_back
        while caller is not None and self._module_of(caller) is None:
            caller = caller.f_back
        before = self._module_of(caller) if caller is not None else ""
        if before != name:
            self.moves.append((before or "", name))

    def _module_of(self, frame: FrameType) -> str | None:
        code = frame.f_code
        if code not in self._names:
            path = Path(code.co_filename)
            own = path.is_relative_to(MAIL)
            self._names[code] = _module(path) if own else None
        return self._names[code]


class _Cast(NamedTuple):
    client: Any
    reader: Any
    draft: str


def _walks() -> Iterator[tuple[str, ...]]:
    from django.db import connection  # noqa: PLC0415 - Django is set up by now
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    cast = _cast()
    for name, request in _requests(cast).items():
        walk = Walk()
        with CaptureQueriesContext(connection) as queries, walk.watched():
            answer = request()
        if answer.status_code >= 400:
            raise RuntimeError(f"{name}: {answer.status_code}")
        if "--verbose" in sys.argv:
            print(name, *(f"  {before} -> {after}" for before, after in walk.moves), sep="\n")
            print(*(f"  {query['sql'][:150]}" for query in queries), sep="\n")
        yield name, str(len(walk.modules)), str(len(walk.moves)), str(len(queries))


def _cast() -> _Cast:
    """Return somebody signed in, with a draft, and somebody who reads; caches are warm."""
    from django.conf import settings  # noqa: PLC0415 - as above
    from django.test import Client  # noqa: PLC0415

    from mail import services  # noqa: PLC0415
    from mail.models import User  # noqa: PLC0415

    settings.ALLOWED_HOSTS.append("testserver")
    people = ["writer", "reader"]
    services.people.import_users(users=[User(username=name) for name in people])
    writer, reader = (User.objects.get(username=name) for name in people)
    crew = services.groups.create(name="crew", by=writer)
    services.memberships.add_members(box=crew, usernames=people[1:], by=writer)
    client, reading = Client(), Client()
    client.force_login(writer)
    reading.force_login(reader)
    cast = _Cast(client, reading, str(services.drafts.save(owner=writer, to="reader").pk))
    for request in _requests(cast).values():
        request()
    services.sending.send(sender=writer, to=["crew"], subject="minutes", body="of monday")
    draft = services.drafts.save(owner=writer, to="reader", subject="minutes")
    return cast._replace(draft=str(draft.pk))


def _requests(cast: _Cast) -> dict[str, Callable[[], Any]]:
    written = {"to": "reader", "subject": "minutes", "body": "Of *monday*."}
    sent = written | {"draft": cast.draft, "version": "1", "window": "1"}
    as_htmx = {"headers": {"HX-Request": "true"}}
    deliver = {"to": ["reader"], "subject": "minutes", "body": "Of *monday*."}
    return {
        "sync (list after a post to a group)": lambda: cast.reader.get("/inbox/"),
        "send (browser)": lambda: cast.client.post("/compose/", sent, **as_htmx),
        "send (API)": lambda: cast.client.post(
            "/postapi/actions/deliver", deliver, content_type="application/json"
        ),
        "list": lambda: cast.reader.get("/inbox/"),
        "read": lambda: cast.reader.get("/inbox/1/", **as_htmx),
        "search": lambda: cast.reader.get("/search/?q=minutes"),
    }


if __name__ == "__main__":
    sys.exit(main())
