"""Two nodes and a bot on a real nats-server: cut apart, killed, started again. Nobody is ever counted twice."""

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from bot.access import DAY
from bot.asking import Asker
from lera.errors import LeraError
from tests.bot.stage import eventually, theatre
from tests.hub.stage import Agents, crowd, health, until_well
from tests.namespaces import Machine, machine
from tests.nats import PATIENCE, NodeProgram, Wire, nats_server, needs_nats, wire
from tests.ports import free_port
from transport.hub_client import HubClient
from transport.reading import Code, Linked
from transport.tokens import Door

pytestmark = [pytest.mark.slow, needs_nats]


async def cut_and_heal(nats: str, cable: Wire | Machine, first: NodeProgram, second: NodeProgram) -> None:
    """Cut the first node off, move viewers meanwhile to it and away from it, and heal it."""
    async with crowd(nats, first, second) as (stage, agents):
        for number in range(7):
            await agents.join(number, first.url if number < 4 else second.url)
        await agents.until(7)
        await eventually(lambda: stage.show.connected == 7)
        for length in (1.0, 6.0):
            cable.cut()
            await agents.watch(length / 3)
            await agents.join(6, first.url)
            await agents.join(0, second.url)
            await agents.watch(length / 3)
            await agents.join(5, first.url)
            await agents.join(1, second.url)
            await agents.watch(length / 3)
            cable.heal()
            took = await agents.until(7)
            print(f"after a cut of {length:g} s: right again after {took:.1f} s")
            assert took <= 3.0
            await agents.watch(1.0)
            for number in range(7):
                await agents.join(number, first.url if number < 4 else second.url)
            await agents.watch(2.0)
            await agents.until(7)


async def test_after_a_cut_is_healed_the_counts_are_right_within_three_seconds(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        async with wire(server.port) as cable:
            await cut_and_heal(server.url, cable, NodeProgram(cable.url), NodeProgram(server.url))


async def test_so_they_are_between_machines_whose_cable_is_pulled(tmp_path: Path) -> None:
    with machine() as one, machine() as other, nats_server(tmp_path, host="0.0.0.0") as server:
        first, second = (
            NodeProgram(f"nats://{each.nats}:{server.port}", each.viewers, free_port(), prefix=each.prefix)
            for each in (one, other)
        )
        await cut_and_heal(server.url, one, first, second)


async def test_a_node_that_is_killed_takes_only_its_viewers_last_seconds(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        first, second = NodeProgram(server.url), NodeProgram(server.url)
        async with crowd(server.url, first, second) as (stage, agents):
            for number in range(7):
                await agents.join(number, first.url if number < 4 else second.url)
            await agents.until(7)
            first.end(signal.SIGKILL)
            for number in range(4):
                await agents.join(number, second.url)
            await agents.watch(3.0)
            await agents.until(7)
            assert stage.show.nodes is not None and stage.show.nodes.count == 1


async def test_a_nats_server_that_is_killed_and_started_again_loses_nobody(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        first, second = NodeProgram(server.url), NodeProgram(server.url)
        async with crowd(server.url, first, second) as (stage, agents):
            for number in range(6):
                await agents.join(number, first.url if number < 3 else second.url)
            await agents.join(6, stage.address.replace("http", "ws") + "/hub")
            await agents.until(7)
            server.kill()
            await agents.until(1)
            assert (await health(first))[0] == 503
            # The bot's own hub goes on, and nodes keep their viewers.
            await agents.join(0, second.url)
            await agents.watch(2.0)
            server.start()
            took = await agents.until(7)
            print(f"after the server was killed and started: right again after {took:.1f} s")
            await until_well(first)


async def test_a_node_that_is_ended_says_goodbye_and_withdraws_its_votes(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        node = NodeProgram(server.url)
        async with crowd(server.url, node) as (stage, agents):
            await agents.join(0, node.url)
            await agents.until(1)
            token = stage.show.access.token(stage.show.now())
            async with aiohttp.ClientSession() as session, session.ws_connect(node.url) as page:
                join = {"type": "join", "version": 1, "channel": "demo", "token": token, "viewer": "x" * 20}
                await page.send_json(join)
                assert (await page.receive_json())["type"] == "welcome"
                said = await asyncio.to_thread(node.end, signal.SIGTERM)
                assert (await page.receive(PATIENCE)).data == aiohttp.WSCloseCode.GOING_AWAY
            assert "Traceback" not in said
            assert await agents.until(0) < 2.0


async def test_who_is_at_a_node_can_be_linked_and_forgotten(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        node = NodeProgram(server.url)
        async with crowd(server.url, node) as (stage, agents):
            client = await agents.join(0, node.url)
            heard: list[Code | Linked] = []
            came = asyncio.Event()

            def note(frame: Code | Linked) -> None:
                heard.append(frame)
                came.set()

            client.linking.on_change = note
            await agents.until(1)
            async with asyncio.timeout(PATIENCE):
                assert client.linking.ask_for_code()
                await came.wait()
                assert isinstance(heard[0], Code) and heard[0].line.startswith("!mood link ")
                came.clear()
                stage.write("ann", heard[0].line)
                await stage.show.respond(heard[0].line, Asker("Ann", id="ann"))
                await came.wait()
                assert isinstance(heard[1], Linked) and heard[1].name == "Ann"
                assert await client.forget(PATIENCE)
            await agents.until(0)


async def test_a_stream_that_is_not_on_the_bus_is_refused_politely(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        node = NodeProgram(server.url)
        node.start()
        try:
            await until_well(node, channels=0)
            async with aiohttp.ClientSession() as session, session.ws_connect(node.url) as page:
                join = {"type": "join", "version": 1, "channel": "nobody", "token": "x", "viewer": "x" * 20}
                await page.send_json(join)
                told = await page.receive_json()
            assert told["type"] == "refused" and told["retry"] and "not live here" in told["reason"]
        finally:
            node.end()


async def test_a_server_that_asks_for_a_login_gets_it_from_the_environment_and_no_log_tells_it(tmp_path: Path) -> None:
    with nats_server(tmp_path, "authorization { user: lera, password: correct-horse-battery }") as server:
        wrong = NodeProgram(server.url, environment={"LERA_NATS_LOGIN": "lera:wrong-horse-battery"})
        right = NodeProgram(server.url, environment={"LERA_NATS_LOGIN": "lera:correct-horse-battery"})
        for node in (wrong, right):
            node.start()
        try:
            await until_well(right, channels=0)
            await wrong.until_says("refuses the login")
            assert (await health(wrong))[0] == 503
        finally:
            said = wrong.end(signal.SIGTERM) + right.end(signal.SIGTERM)
        assert "refuses the login" in said and "Connected to NATS" in said
        assert "horse" not in said and "Traceback" not in said


async def test_a_viewer_at_a_node_gets_a_fresh_token_of_the_bots_when_half_of_the_old_ones_life_is_over(
    tmp_path: Path,
) -> None:
    with nats_server(tmp_path) as server:
        node = NodeProgram(server.url)
        async with crowd(server.url, node) as (stage, _agents):
            access, now = stage.show.access, stage.show.now()
            old = access._maker.make(access.public.id, now - 80 * DAY, now + 10 * DAY)
            given: asyncio.Queue[str] = asyncio.Queue()
            client = HubClient(node.url, "demo", old, "v" * 22, on_given=given.put_nowait)
            running = asyncio.create_task(client.run())
            async with asyncio.timeout(PATIENCE):
                fresh = await given.get()
            door = Door(access.terms())
            assert door.admit("demo", fresh, "v" * 22, now + 80 * DAY).token_id == access.public.id
            # And whoever came by a link that is taken back is out there, too.
            access.revoke(access.public.id, stage.show.now())
            with pytest.raises(LeraError, match="taken this link back"):
                await asyncio.wait_for(running, PATIENCE)


async def test_a_bot_that_is_started_again_finds_its_viewers_where_they_were(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        node = NodeProgram(server.url)
        node.start()
        try:
            async with theatre(minimum_viewers=1, nats=server.url) as stage:
                await until_well(node)
                agents = Agents(stage.show)
                for number in range(3):
                    await agents.join(number, node.url)
                await agents.until(3)
            async with theatre(minimum_viewers=1, nats=server.url) as stage:
                agents.show = stage.show
                await agents.until(3)
                assert stage.show.connected == 3
            await agents.close()
        finally:
            said = node.end(signal.SIGTERM)
        assert "Traceback" not in said


async def test_a_node_that_missed_a_change_of_the_door_asks_for_it_and_beats_are_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is not told by itself.
    monkeypatch.setattr("bot.nodes.DOOR_SECONDS", 3600.0)
    with nats_server(tmp_path) as server:
        node = NodeProgram(server.url)
        async with crowd(server.url, node) as (stage, agents):
            nodes = stage.show.nodes
            assert nodes is not None
            await agents.join(0, node.url)
            await agents.until(1)
            access, now = stage.show.access, stage.show.now()
            link = access.add_link("for one", 1, now)
            # As if the frame with this change had been lost on the way.
            nodes._edition = access.edition + 1
            nodes._door_said = now
            access.revoke(link.id, now)
            assert nodes._edition == access.edition
            client = HubClient(node.url, "demo", access.token_of(link), "v" * 22)
            before = nodes.bus.counts["sent bytes"]
            with pytest.raises(LeraError, match="taken this link back"):
                async with asyncio.timeout(PATIENCE):
                    await client.run()
            print(f"{nodes.bus.counts['sent bytes'] - before} bytes sent meanwhile")


async def test_a_frame_that_nats_does_not_take_is_left_out_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with nats_server(tmp_path, "max_payload: 4096") as server:
        node = NodeProgram(server.url)
        async with crowd(server.url, node) as (stage, agents):
            nodes = stage.show.nodes
            assert nodes is not None
            await agents.join(0, node.url)
            await agents.until(1)
            for number in range(40):
                stage.show.access.ban([f"{number * 10 + each:024x}" for each in range(10)], stage.show.now())
            await agents.watch(3.0)
            # The rest goes on.
            await agents.until(1)
            assert nodes.bus.counts["too large"] >= 1 and nodes.bus.counts["connections"] == 1
    assert sum("raise max_payload" in record.message for record in caplog.records) == 1
