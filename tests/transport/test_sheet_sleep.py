"""A viewer of the Sheet whose machine slept: the row may be another's by now."""

from pathlib import Path
from typing import Any

import pytest

from tests.night_loop import by_night
from tests.transport.sheet_stage import SAD, eventually, key_of, sheet_stage
from transport.sheet_api import Written
from transport.sheet_layout import ident


@pytest.mark.parametrize("before_the_answer", [False, True])
@by_night
async def test_who_wakes_from_sleep_writes_into_no_row_that_went_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before_the_answer: bool
) -> None:
    slept = [0.0]
    bobs = [ident(key_of("bob"), "00000000"), 7]
    async with sheet_stage(tmp_path) as stage:
        stage.host()
        ann, _ = stage.join("ann", now=lambda: stage.now() + slept[0])
        await eventually(lambda: key_of("ann") in stage.crowd.votes)
        write, sent = ann._table.write, ann.readings_sent

        def sleep() -> None:
            # Nothing of it has passed by the loop's clock.
            stage.google.edit(stage.book, "Live!A4:L4", [[*bobs, 0, 100, 0, 0, 0, 0, 0, 1, "face", 0]])
            slept[0] = 600.0

        async def write_and_sleep(requests: list[dict[str, Any]], wanted: str | None = None) -> Written:
            written = await write(requests, wanted)
            monkeypatch.setattr(ann._table, "write", write)
            sleep()
            return written

        if before_the_answer:
            monkeypatch.setattr(ann._table, "write", write_and_sleep)
        await eventually(lambda: ann.readings_sent > sent)
        if not before_the_answer:
            sleep()
        ann.post(SAD)
        await eventually(lambda: stage.crowd.votes.get(key_of("ann")) == SAD)
        rows = stage.rows()
        assert rows[0][:2] == bobs and key_of("ann") in rows[1][0]
