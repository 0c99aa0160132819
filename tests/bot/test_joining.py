"""Who may join, over real sockets: links taken back, people known again, one vote a person, bans."""

import asyncio
from typing import Any

import pytest

from bot.commands import Asker
from bot.controls import links
from lera.errors import LeraError
from tests.bot.stage import HAPPY, PATIENCE, SAD, Theatre, eventually, theatre
from tests.bot.test_moderation import QUICK, ask, code_of
from transport.hub_client import HubClient
from transport.identities import Persons, subject_of
from transport.link import parse_link
from transport.reading import Appear
from transport.tokens import Admission

ANN, MODERATOR = Asker("Ann", id="1"), Asker("Mod", "moderator", id="9")


async def change(stage: Theatre, **wanted: Any) -> dict[str, Any]:
    """Ask as the dashboard does."""
    async with stage.session.post("/api/access", json=wanted) as answer:
        assert answer.status == 200, await answer.text()
        told: dict[str, Any] = await answer.json()
        return told


async def refused(stage: Theatre, client: HubClient) -> str:
    """Wait until a client has given up; gives the line that its viewer reads."""
    with pytest.raises(LeraError) as raised:
        await asyncio.wait_for(stage.task_of(client), PATIENCE)
    return str(raised.value)


async def joined(stage: Theatre, url: str, number: int, **more: Any) -> HubClient:
    """A viewer who comes by this link, and counts."""
    client = stage.come(HubClient(*parse_link(url), f"{number:022}", session=stage.session, **more))
    client.post(SAD)
    counted = stage.show.desk.counts["readings"]
    await eventually(lambda: client.state == "joined" and stage.show.desk.counts["readings"] > counted)
    return client


def shown(stage: Theatre) -> list[str]:
    """The seats of those who are to be shown."""
    return [stage.show.roster.appearances.seat_of(viewer) for viewer, _ in stage.show.roster.appearances]


async def test_a_link_taken_back_ends_who_came_by_it_and_the_vote_at_once_and_nobody_else() -> None:
    async with theatre(minimum_viewers=1) as stage:
        told = await change(stage, add={"label": "Discord", "days": 7})
        (discord,) = told["links"]
        stays = stage.join(1, HAPPY)
        goes = await joined(stage, discord["url"], 2)
        await stage.until(lambda frame: frame["viewers"] == 2)
        told = await change(stage, revoke=discord["id"])
        assert told["links"] == []
        # Not after some heartbeat or expiry: the very next mood is without.
        assert stage.show.crowd.mood(stage.show.now()).viewers == 1
        frame = await stage.until(lambda frame: frame["viewers"] == 1)
        assert frame["top"] == "happiness" and "taken this link back" in await refused(stage, goes)
        assert stays.state == "joined"
        again = stage.come(HubClient(*parse_link(discord["url"]), f"{3:022}", session=stage.session))
        assert "ask for another one" in await refused(stage, again)
        async with stage.session.post("/api/access", json={"revoke": discord["id"]}) as answer:
            assert answer.status == 409


async def test_who_has_linked_is_known_again_by_the_token_alone() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        given: list[str] = []
        first = await joined(stage, links(stage.show, stage.address)["join"], 1, on_given=given.append)
        await ask(stage, await code_of(first), ANN)
        await eventually(lambda: len(given) == 1)
        assert stage.show.desk.guests[f"{1:022}"].admission.linked
        await first.close()
        await eventually(lambda: not stage.show.roster.identities.viewers)
        # Another hub of the channel, or the bot of another day, knows nothing but the token.
        stage.show.desk.persons = Persons()
        url = links(stage.show, stage.address)["join"]
        again = await joined(stage, url, 1, given=given[0], on_given=given.append)
        assert again.linking.linked and await ask(stage, "!mood me", ANN) == "@Ann, your face looks like sadness 70%."
        await ask(stage, "!mood forget", ANN)
        await eventually(lambda: len(given) == 2)
        assert not stage.show.desk.guests[f"{1:022}"].admission.linked
        await again.close()
        for token in given:
            later = stage.come(HubClient(*parse_link(url), f"{1:022}", session=stage.session, given=token))
            await eventually(lambda later=later: later.state == "joined")  # type: ignore[misc]
            assert not later.linking.linked, "neither the old token nor the new one links any more"
            await later.close()


async def test_one_person_has_one_vote_whichever_agent_came_last() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        given: list[str] = []
        url = links(stage.show, stage.address)["join"]
        first = await joined(stage, url, 1, on_given=given.append)
        await ask(stage, await code_of(first), ANN)
        await eventually(lambda: len(given) == 1)
        await joined(stage, url, 2, given=given[0])
        assert "joined again" in await refused(stage, first)
        frame = await stage.until(lambda frame: frame["connected"] == 1)
        assert frame["viewers"] == 1


async def test_a_given_token_that_is_worth_nothing_is_dropped_for_the_links_own() -> None:
    async with theatre(minimum_viewers=1) as stage:
        given: list[str] = []
        link = parse_link(links(stage.show, stage.address)["join"])
        client = HubClient(*link, f"{1:022}", session=stage.session, given="of-another-year", on_given=given.append)
        stage.come(client)
        await eventually(lambda: client.state == "joined")
        assert given == [""]


@pytest.mark.parametrize("way", ["name", "tile"])
async def test_a_ban_ends_connection_vote_and_tile_and_keeps_the_person_out(way: str) -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        url = links(stage.show, stage.address)["join"]
        given: list[str] = []
        client = await joined(stage, url, 1, on_given=given.append)
        client.appearing.want(Appear("name", "Annabel"))
        await ask(stage, await code_of(client), ANN)
        await eventually(lambda: bool(given) and bool(shown(stage)))
        if way == "name":
            assert "nobody linked" in (await ask(stage, "!mood ban bob", MODERATOR)).lower()
            assert "ann is out" in await ask(stage, "!mood ban ann", MODERATOR)
        else:
            async with stage.session.post("/api/tiles/ban", json={"seat": shown(stage)[0]}) as answer:
                assert (await answer.json())["banned"] == "person"
        assert stage.show.crowd.mood(stage.show.now()).viewers == 0, "at once"
        await stage.until(lambda frame: frame["viewers"] == 0 and frame["connected"] == 0)
        assert "banned" in await refused(stage, client) and not shown(stage)
        for viewer, token in ((f"{1:022}", ""), (f"{2:022}", given[0])):
            again = stage.come(HubClient(*parse_link(url), viewer, session=stage.session, given=token))
            assert "streamer or a moderator can lift that" in await refused(stage, again)
        assert not stage.write("1", "joy") and await stage.show.respond("!mood", ANN) is None, "nor by what they write"
        assert "may join" in await ask(stage, "!mood unban ann", MODERATOR)
        back = await joined(stage, url, 2, given=given[0])
        await stage.until(lambda frame: frame["viewers"] == 1)
        assert back.linking.linked and "sad" in await ask(stage, "!mood", ANN)


async def test_what_who_is_banned_wrote_before_counts_no_more_also_when_others_write_the_same() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        show = stage.show
        client = await joined(stage, links(show, stage.address)["join"], 1)
        await ask(stage, await code_of(client), ANN)
        for chatter in (ANN.id, "2"):
            assert stage.write(chatter, "such joy")
        ann, last = show.chat.key(ANN.id), show.chat.key("8")
        await eventually(lambda: ann in show.crowd)
        await ask(stage, "!mood ban ann", MODERATOR)
        assert ann not in show.crowd
        for number in range(3, 9):
            assert stage.write(str(number), "such joy")
        await eventually(lambda: last in show.crowd)
        await asyncio.sleep(0.05)
        assert ann not in show.crowd


async def test_who_is_not_linked_can_be_banned_by_the_tile_and_it_is_said_what_that_is_worth() -> None:
    async with theatre(minimum_viewers=1) as stage:
        client = await joined(stage, links(stage.show, stage.address)["join"], 1)
        client.appearing.want(Appear("seat"))
        await eventually(lambda: bool(shown(stage)))
        (seat,) = shown(stage)
        async with stage.session.post("/api/tiles/ban", json={"seat": seat}) as answer:
            assert (await answer.json())["banned"] == "viewer"
        assert "banned" in await refused(stage, client)
        async with stage.session.post("/api/tiles/ban", json={"seat": seat}) as answer:
            assert answer.status == 409
        (ban,) = (await change(stage))["bans"]
        assert (await change(stage, lift=ban["id"]))["bans"] == []
        await joined(stage, links(stage.show, stage.address)["join"], 1)


@pytest.mark.parametrize(
    "body",
    [
        '{"add": {"label": "", "days": 7}}', '{"add": {"label": "x", "days": 0}}', '{"revoke": "all"}', "[]",
        '{"lift": 7}', '{"more": 1}', '{"add": {"label": "' + "x" * 41 + '", "days": 7}}',
    ],
)  # fmt: skip
async def test_nonsense_changes_nothing(body: str) -> None:
    async with theatre() as stage:
        headers = {"Content-Type": "application/json"}
        async with stage.session.post("/api/access", data=body, headers=headers) as answer:
            assert answer.status == 400
        async with stage.session.post("/api/access", json={"lift": "0" * 12}) as answer:
            assert answer.status == 409


async def test_whom_the_platform_silences_stays_out_also_with_the_agent_closed_meanwhile() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        given: list[str] = []
        url = links(stage.show, stage.address)["join"]
        first = await joined(stage, url, 1, on_given=given.append)
        await ask(stage, await code_of(first), ANN)
        await eventually(lambda: len(given) == 1)
        await first.close()
        await eventually(lambda: not stage.show.roster.identities.viewers)
        stage.show.roster.silence(stage.show.chat.key(ANN.id))
        stage.show.roster.silence(stage.show.chat.key("somebody who was never linked"))
        assert len(stage.show.access.bans) == 1
        again = stage.come(HubClient(*parse_link(url), f"{1:022}", session=stage.session, given=given[0]))
        assert "banned" in await refused(stage, again)


async def test_whom_the_platform_silences_stays_out_also_when_linked_on_another_day_and_gone_without_a_word() -> None:
    async with theatre(minimum_viewers=1, chat=QUICK) as stage:
        show, url = stage.show, links(stage.show, stage.address)["join"]
        chatter = show.chat.key(ANN.id)
        token = show.access.linked(Admission(token_id=show.access.public.id), subject_of(chatter), show.now() - 86_400)
        first = await joined(stage, url, 1, given=token)
        assert first.linking.linked
        await first.close()
        await eventually(lambda: not show.roster.identities.viewers)
        show.roster.silence(chatter)
        again = stage.come(HubClient(*parse_link(url), f"{1:022}", session=stage.session, given=token))
        assert "banned" in await refused(stage, again)
