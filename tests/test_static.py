"""Static files as production serves them."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import override_settings


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    storages = settings.STORAGES | {"staticfiles": {"BACKEND": "config.static.HashedStaticFiles"}}
    with override_settings(STATIC_ROOT=folder, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield folder


def test_modules_import_each_other_by_hashed_names(collected):
    url = staticfiles_storage.url("js/compose/compose.js")
    text = (collected / url.removeprefix(settings.STATIC_URL).lstrip("/")).read_text()
    imported = re.findall(r'from\s*"\./([^"]+)"', text)
    assert len(imported) == 5
    for name in imported:
        assert re.fullmatch(r"\w+\.[0-9a-f]{12}\.js", name)
        assert (collected / "js" / "compose" / name).exists()
    above = re.findall(r'from\s*"\.\./([^"]+)"', text)
    assert [re.fullmatch(r"keyboard\.[0-9a-f]{12}\.js", name) is not None for name in above] == [
        True
    ]
    assert (collected / "js" / above[0]).exists()


def test_modules_are_compressed(collected):
    names = [path.name for path in Path(collected).rglob("*.js.gz")]
    assert any(name.startswith("compose.") for name in names)
