"""Imports point inward, as docs/architecture.md draws them."""

import ast
from pathlib import Path

import pytest

MAIL = Path(__file__).parent.parent / "mail"

LAYERS = (
    {"models", "account_models", "attachment_models", "group_models", "muting_models"}
    | {"search_models", "reserved_models", "confusable", "graphemes", "links", "markdown_blocks"}
    | {"errors", "names", "markdown", "direct", "words", "searching"},
    {"sessions", "reading"},
    {"delivery", "changes", "accounts", "policies", "validation", "combining", "submitting"},
    {"indexing", "blobs", "file_types", "subscribing"},
    {"answering"},
    {"selectors"},
    {"services", "exporting"},
    {"audit", "forms", "group_forms", "hit_forms", "middleware", "signals", "templatetags"}
    | {"demo", "api", "downloads"},
    {
        *("views", "compose_views", "group_views", "attachment_views", "settings_views"),
        *("search_views", "muting_views", "feed_views"),
        *("admin", "management", "apps"),
    },
    {"urls"},
)
FRONT_ENDS = {
    *("api", "forms", "group_forms", "hit_forms", "middleware", "signals", "templatetags"),
    *("views", "compose_views", "group_views", "attachment_views", "settings_views"),
    *("search_views", "muting_views", "feed_views"),
    *("admin", "management", "downloads"),
}
HEART = {"delivery", "subscribing", "changes", "accounts", "combining", "submitting", "indexing"}


def _modules() -> dict[str, set[str]]:
    """What each part of `mail` imports from the others."""
    found: dict[str, set[str]] = {}
    for path in MAIL.rglob("*.py"):
        part = path.relative_to(MAIL).with_suffix("").parts[0]
        if part not in ("migrations", "__init__"):
            found.setdefault(part, set()).update(_imports(path))
    return found


def _imports(path: Path) -> set[str]:
    parts: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "mail":
            parts.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mail."):
            parts.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            parts.update(a.name.split(".")[1] for a in node.names if a.name.startswith("mail."))
    return parts


LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def test_every_module_has_its_layer():
    assert set(_modules()) == set(LEVEL)


@pytest.mark.parametrize("module", sorted(LEVEL))
def test_imports_point_inward(module):
    outward = {name for name in _modules()[module] if LEVEL[name] > LEVEL[module]}
    assert not outward


@pytest.mark.parametrize("module", sorted(FRONT_ENDS))
def test_front_ends_leave_the_heart_to_the_services(module):
    assert not _modules()[module] & HEART


def test_the_heart_and_the_rules_know_no_front_end():
    inner = {name for name, level in LEVEL.items() if level <= LEVEL["services"]}
    for module in inner:
        for path in (*MAIL.glob(f"{module}.py"), *MAIL.glob(f"{module}/*.py")):
            source = path.read_text()
            assert "django.http" not in source
            assert "django.shortcuts" not in source
