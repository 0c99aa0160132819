"""`/metrics` of a running show: what it tells, to whom, and whom it never names."""

import re

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.bot.stage import OVERLAY_KEY, PATIENCE, STREAMER_KEY, Theatre, eventually, theatre, with_key

HOSTILE = ['"} 1\nlera_viewers 99', "<script>alert(1)</script>", "hannibal\\", "安安", "a" * 300, 'x="y",', "\x1b[2J"]


async def page(stage: Theatre) -> str:
    async with stage.session.get("/metrics") as answer:
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return await answer.text()


def value(text: str, name: str, **labels: str) -> float:
    """One sample, as Prometheus takes it in."""
    (found,) = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return float(found)


async def test_a_show_tells_what_it_does() -> None:
    async with theatre() as stage, stage.session.ws_connect("/live"):
        for number in range(3):
            stage.join(number)
        await stage.until(lambda mood: mood["viewers"] == 3)
        stage.write("1", "what a win!")
        text = await page(stage)
        assert value(text, "lera_viewers") == 3 == value(text, "lera_votes")
        assert value(text, "lera_readings_total") >= 3 == value(text, "lera_joins_total")
        assert value(text, "lera_mood_shown") == 1 and value(text, "lera_moods_total") >= 1
        assert value(text, "lera_pages", power="streamer") == 1 and value(text, "lera_pages", power="overlay") == 0
        assert value(text, "lera_chat_messages_total", became="heard") == 1


async def test_parts_that_are_not_used_are_left_out_and_others_say_how_they_are() -> None:
    async with theatre() as stage:
        assert 'part="twitch"' not in await page(stage)
        stage.show.sessions.fault = "the disk is full"
        stage.show.sheet_fault = "no such sheet"
        assert value(await page(stage), "lera_part_good", part="sheet") == 0


async def test_no_viewer_name_address_or_key_is_in_it_over_a_whole_show() -> None:
    async with theatre() as stage:
        first = {line.rsplit(" ", 1)[0] for line in (await page(stage)).splitlines()}
        clients = [stage.join(number) for number in range(3)]
        await stage.until(lambda mood: mood["viewers"] == 3)
        async with aiohttp.ClientSession(stage.address) as stranger:
            for number, name in enumerate(HOSTILE):
                stage.write(f"id-{name}", f"{name} hello", name)
                for place in (f"/{number}", "/join/x", "/hub"):
                    headers = {"User-Agent": "hostile-agent", "Origin": "http://hostile.example"}
                    async with stranger.get(place, headers=headers, params={"q": name}):
                        pass
                async with stranger.ws_connect("/hub") as socket:
                    await socket.send_str(
                        '{"type":"join","version":1,"channel":"hostile","token":"hostile","viewer":"b"}'
                    )
                    await socket.receive()
        for client in clients:
            await client.forget(PATIENCE)
        text = await page(stage)
        assert value(text, "lera_refusals_total", cause="origin") >= len(HOSTILE)
        assert value(text, "lera_forgotten_total") == 3
        keys = (stage.show.keys.join, OVERLAY_KEY, STREAMER_KEY)
        for word in ("hostile", "script", "hannibal", "安安", "127.0.0.1", "0" * 21, *keys):
            assert word not in text, word
        # However many strangers come: what is new is causes, each with a name of ours.
        new = {line.rsplit(" ", 1)[0] for line in text.splitlines() if line[0] != "#"} - first
        assert all(re.fullmatch(r'lera_(refusals|drops)_total\{cause="[a-z ]+"\}', name) for name in new), new


async def test_metrics_need_a_key_and_are_not_at_the_public_port() -> None:
    async with theatre() as stage, aiohttp.ClientSession(stage.address) as stranger:
        for headers, status in (
            ({}, 401), (with_key("wrong"), 401), (with_key(stage.show.keys.join), 401),
            (with_key(OVERLAY_KEY), 200), ({**with_key(OVERLAY_KEY), "X-Forwarded-For": "1.2.3.4"}, 403),
        ):  # fmt: skip
            async with stranger.get("/metrics", headers=headers) as answer:
                assert answer.status == status, headers


async def test_readiness_is_for_all_and_says_whether_a_viewer_can_be_let_in() -> None:
    async with theatre(max_viewers=1) as stage, aiohttp.ClientSession(stage.address) as balancer:
        async with balancer.get("/readyz") as answer:
            assert answer.status == 200 and await answer.json() == {"status": "ready"}
        stage.join(1)
        await eventually(lambda: len(stage.show.desk.guests) == 1)
        async with balancer.get("/readyz") as answer:
            assert answer.status == 503 and await answer.json() == {"status": "full"}
