"""Two clients that others wrote log in, subscribe, hear "!mood" and answer, against the local Twitch."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import twitchio
from twitchAPI.eventsub.websocket import EventSubWebsocket
from twitchAPI.oauth import CodeFlow
from twitchAPI.object.eventsub import ChannelChatMessageEvent
from twitchAPI.twitch import Twitch as TwitchAPI
from twitchAPI.type import AuthScope
from twitchio.eventsub import ChatMessageSubscription

from tests.standins.twitch import BOT, CLIENT_ID, Twitch, standin

SCOPES = ["user:read:chat", "user:write:chat", "user:bot"]


@pytest.fixture
async def twitch() -> AsyncIterator[Twitch]:
    async with standin(device_interval=1) as running:
        yield running


class Echo(twitchio.Client):
    """Answers "!mood"; remembers what became of it."""

    def __init__(self) -> None:
        super().__init__(client_id=CLIENT_ID, scopes=twitchio.Scopes(SCOPES), bot_id=None)
        self.answered: list[str] = []
        self.done = asyncio.Event()

    async def event_message(self, payload: twitchio.ChatMessage) -> None:
        if payload.text == "!mood":
            assert self.user is not None
            answer = await payload.broadcaster.send_message("joy", self.user.id, reply_to_message_id=payload.id)
            self.answered.append(answer.id)
            self.done.set()


async def test_twitchio(twitch: Twitch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twitchio.http.Route.BASE", twitch.helix_url)
    monkeypatch.setattr("twitchio.http.Route.ID_BASE", twitch.id_url)
    monkeypatch.setattr("twitchio.eventsub.websockets.WSS", twitch.socket_url)
    client = Echo()
    try:
        device = await client.login_dcf(load_token=False, save_token=False)
        assert device is not None
        twitch.authorize(device["user_code"], BOT)
        await client.start_dcf(device_code=device["device_code"], interval=device["interval"], block=False)
        chat = ChatMessageSubscription(broadcaster_user_id=twitch.streamer.id, user_id=twitch.bot.id)
        await client.subscribe_websocket(chat, as_bot=True)

        asked = await twitch.say("ann", "!mood")
        async with asyncio.timeout(30):
            await client.done.wait()
        assert [(sent.text, sent.reply_to) for sent in twitch.sent] == [("joy", asked)]
        assert client.answered == [twitch.sent[0].id]
    finally:
        await client.close(save_tokens=False)


async def test_twitch_api(twitch: Twitch) -> None:
    api = await TwitchAPI(
        CLIENT_ID, authenticate_app=False, base_url=twitch.helix_url, auth_base_url=f"{twitch.id_url}oauth2/"
    )
    scopes = [AuthScope(scope) for scope in SCOPES]
    flow = CodeFlow(api, scopes, auth_base_url=f"{twitch.id_url}oauth2/")
    code, page = await flow.get_code()
    assert page.startswith(twitch.base)
    twitch.authorize(code, BOT)
    token, refresh = await flow.wait_for_auth_complete()
    await api.set_user_authentication(token, scopes, refresh)

    answered = asyncio.Event()

    async def answer(heard: ChannelChatMessageEvent) -> None:
        if heard.event.message.text == "!mood":
            sent = await api.send_chat_message(twitch.streamer.id, twitch.bot.id, "joy", heard.event.message_id)
            assert sent.is_sent
            answered.set()

    # Its own thread and loop for the socket; what it hears comes back to ours.
    socket = EventSubWebsocket(
        api,
        connection_url=twitch.socket_url,
        subscription_url=twitch.helix_url,
        callback_loop=asyncio.get_running_loop(),
    )
    await asyncio.to_thread(socket.start)
    try:
        await twitch.until(lambda: bool(twitch.sessions))
        await socket.listen_channel_chat_message(twitch.streamer.id, twitch.bot.id, answer)
        asked = await twitch.say("ann", "!mood")
        async with asyncio.timeout(30):
            await answered.wait()
        assert [(sent.text, sent.reply_to) for sent in twitch.sent] == [("joy", asked)]
    finally:
        await socket.stop()  # type: ignore[no-untyped-call]
        await api.close()
        await asyncio.to_thread(end_loop, socket)


def end_loop(socket: EventSubWebsocket) -> None:
    """The library leaves its thread's event loop open."""
    assert socket._socket_thread is not None and socket._socket_loop is not None
    socket._socket_thread.join()
    for task in asyncio.all_tasks(socket._socket_loop):
        task.cancel()
    socket._socket_loop.run_until_complete(socket._socket_loop.shutdown_default_executor())
    socket._socket_loop.close()
