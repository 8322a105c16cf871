"""docs/api.md: every block runs as it stands, in order, in one shell, on the demo."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.mark.process
@pytest.mark.skipif(shutil.which("curl") is None, reason="the page speaks curl, which is missing")
def test_every_block_runs(live_server, tmp_path, settings):
    call_command("load_demo", verbosity=0)
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) > 10
    steps = (f"echo '## {nr}'\n{block}\necho" for nr, block in enumerate(blocks))
    script = "set -euo pipefail\n" + "\n".join(steps)
    run = subprocess.run(
        ["bash", "-c", script.replace("http://localhost:5100", live_server.url)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    for part in (
        *('"code":"unknown-recipient"', "304\n", '"has_more":false', '"state":"delivered"'),
        *('"code":"draft-changed"', '"undo_until"', '"copies":1', '"full_name":"Clara Voss"'),
    ):
        assert part in said
    assert (tmp_path / "test.mbox").read_bytes().startswith(b"From ")
    assert (tmp_path / "test.jsonl").read_bytes().startswith(b'{"uid":')
