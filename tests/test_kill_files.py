"""kill -9 while a small file is written: consent, streams, secrets, links and bans are whole, or as before."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.access_file import kept_access
from bot.keys import Keys
from lera.vault import secret
from tests.conftest import ROOT
from viewer_agent.channels import joined_channels

pytestmark = pytest.mark.slow

KILLS = 12
WRITER = """
import itertools
from bot.access_file import kept_access
from bot.keys import Keys
from lera.vault import keep_secret
from transport.link import Link
from viewer_agent.channels import join_channel
from viewer_agent.consent import require_consent, withdraw_consent
access = kept_access("demo", Keys("seed", used=True), 30, 1000.0)
print("ready", flush=True)
for number in itertools.count():
    # Long and short by turns: what is left of a longer one would be seen.
    length = 2000 * (number % 2)
    for channel in ("one", "two"):
        join_channel(Link("ws://127.0.0.1:1/hub", channel, "t" * (20 + length)), lambda _line: None)
    keep_secret("number", f"{number} " + "x" * length)
    withdraw_consent()
    require_consent(lambda _prompt: "y", lambda _line: None, terminal=True)
    link = access.add_link(f"link {number}", 30, 1000.0)
    access.revoke(link.id, 1000.0)
"""


def test_small_files_outlive_every_kill(lera_home: Path, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(5)
    for _ in range(KILLS):
        writer = subprocess.Popen([sys.executable, "-c", WRITER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.3))
        writer.kill()
        writer.stdout.close()
        assert writer.wait() != 0

        said: list[str] = []
        assert [each.channel for each in joined_channels(said.append)] in ([], ["one"], ["one", "two"])
        kept_access("demo", Keys("seed", used=True), 30, 1000.0)
        assert not said and not caplog.text, "nothing was damaged, and nothing gone"
        assert (secret("number") or "0 ").endswith((" ", "x"))
        # Between taking the consent back and giving it again there is none; half of one there never is.
        place = lera_home / "consent.json"
        assert not place.exists() or set(json.loads(place.read_bytes())) == {"text_sha256", "agreed_at"}
