import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .support import Site, eventually


@pytest.fixture(scope="session")
def new_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as a first start and a stop leave it."""
    site = Site(tmp_path_factory.mktemp("template") / ".opost")
    try:
        site.user().end()
        eventually(site.is_stopped)
    finally:
        site.clean_up()
    return site.paths.data_dir


@pytest.fixture
def empty_site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / ".opost")
    yield site
    site.clean_up()


@pytest.fixture
def site(empty_site: Site, new_data: Path) -> Site:
    empty_site.root.mkdir(mode=0o700)
    shutil.copytree(new_data, empty_site.paths.data_dir)
    return empty_site
