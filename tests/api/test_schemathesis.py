"""Schemathesis against a live server: every check, no fault, no answer that is not described."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.cache import cache

from mail import services
from mail.models import User

SEED = 20260101
CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture
def secret(transactional_db, settings) -> str:
    settings.API_RATE = settings.API_ADDRESS_RATE = settings.API_LOGIN_RATE = 10**6
    settings.ALLOWED_HOSTS = ["*"]
    cache.clear()
    user = User.objects.create_superuser("alice", password="deadbeef")
    bob = User.objects.create_user("bob", password="deadbeef")
    box = services.groups.create(name="crew", by=user)
    services.memberships.join(box=box, user=bob, by=bob)
    for to in ("alice", "crew", "everyone"):
        services.sending.send(sender=user, to=[to], subject=to)
    return services.account.create_token(user=user, name="schemathesis")[1]


@pytest.mark.schemathesis
def test_every_operation_does_what_the_document_says(live_server, secret, tmp_path):
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"),
            f"{live_server.url}/postapi/openapi.json",
            *("--header", f"Authorization: Bearer {secret}", "--seed", str(SEED)),
        ],
        cwd=tmp_path,  # it keeps notes
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
