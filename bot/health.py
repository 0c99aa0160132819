"""How each connection of a show is, in one line, with its mend in another: what the dashboard shows of it."""

from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from bot.show import Show
from bot.twitch.card import State as TwitchState
from transport.link import LOCAL

State = Literal["good", "waiting", "bad", "off"]
_LONGEST: Final = 300


class Connection(msgspec.Struct, frozen=True):
    """One line of the dashboard's health. `mend` is empty where nothing is to be done."""

    name: Literal[
        "overlay", "viewers", "chat", "twitch", "obs", "sheet", "camera", "streamer", "history", "links", "nodes"
    ]
    state: State
    line: str
    mend: str = ""


def health(show: Show, overlays: int) -> list[Connection]:
    """All connections, in the order in which a streamer needs them. `overlays` is how many are open now."""
    found = [
        _overlay(overlays), _viewers(show), _nodes(show), _chat(show), _twitch(show), _obs(show), _sheet(show),
        _camera(show), _streamer(show), _history(show), _links(show),
    ]  # fmt: skip
    # Lines of other programs and services may be of any length.
    return [
        msgspec.structs.replace(each, line=_cut(each.line), mend=_cut(each.mend)) for each in found if each is not None
    ]


def _overlay(count: int) -> Connection:
    if count:
        return Connection("overlay", "good", "1 overlay is open." if count == 1 else f"{count} overlays are open.")
    return Connection("overlay", "waiting", "No overlay is open.", "Add its address to OBS as a browser source.")


def _viewers(show: Show) -> Connection:
    count = show.connected
    mend = "Give your viewers the join link."
    if urlsplit(show.public_url).hostname in LOCAL and show.sheet is None:
        mend = "Only this machine can join: put a tunnel before [web] public_port and its address into public_url."
    strain = show.hub.load.strain
    if strain.shed:
        return Connection(
            "viewers", "bad",
            f"{count} agents are connected, too many for this machine: {strain.shed:.0%} of readings are left out.",
            "Close other programs, raise [hub] interval, or run nodes on other machines: `python run.py hub`.",
        )  # fmt: skip
    copies = show.crowd.votes.copies
    if copies:
        return Connection(
            "viewers", "bad",
            f"{count} agents are connected. {copies} of them move in lockstep with another one and don't count.",
            "Ask your viewers to link themselves with chat (l in the agent): strangers weigh little beside them.",
        )  # fmt: skip
    if count:
        line = f"{count} {'agent is' if count == 1 else 'agents are'} connected."
        if show.noise.on:
            told = show.noise
            line += f" The mood has noise: epsilon {told.spent:.3g} spent, {told.epsilon:.3g} every {told.seconds:g} s."
        return Connection("viewers", "good", line)
    return Connection("viewers", "waiting", "No viewer's agent is connected.", mend)


def _nodes(show: Show) -> Connection | None:
    nodes = show.nodes
    if nodes is None:
        return None
    if nodes.bus.fault:
        return Connection("nodes", "bad", "The other hubs are out of reach; this one goes on.", nodes.bus.fault)
    if show.now() - nodes.other_bot < 10.0:
        return Connection("nodes", "bad", "Another bot serves this channel on NATS.", "Stop one of the two.")
    if not nodes.count:
        return Connection("nodes", "waiting", "NATS is there, and no other hub is.", "Start `python run.py hub`.")
    hubs = "1 other hub brings" if nodes.count == 1 else f"{nodes.count} other hubs bring"
    return Connection("nodes", "good", f"{hubs} {nodes.voters} votes of {nodes.viewers} viewers.")


def _chat(show: Show) -> Connection:
    fault, counts = show.chat.fault, show.chat.counts
    if fault == "off":
        return Connection("chat", "off", "Chat is not read for its mood.", "Set [chat] enabled = true to read it.")
    if fault is not None:
        return Connection("chat", "bad", "Chat is not read for its mood.", fault)
    return Connection("chat", "good", f"{counts['read']} of {counts['heard']} messages read.")


_TWITCH: Final[dict[TwitchState, State]] = {
    "off": "off", "unset": "off", "connecting": "waiting", "connected": "good", "waiting": "waiting",
    "login": "bad", "stopped": "bad",
}  # fmt: skip


def _twitch(show: Show) -> Connection:
    return Connection("twitch", _TWITCH[show.twitch.state], show.twitch.line, show.twitch.note)


def _obs(show: Show) -> Connection:
    studio = show.studio
    if not studio.settings.enabled:
        return Connection("obs", "off", "OBS is not used.", "Set [obs] enabled = true to let the crowd act in OBS.")
    if studio.connected:
        return Connection("obs", "good", f"{studio.state[:1].upper()}{studio.state[1:]}.")
    return Connection("obs", "waiting" if studio.state == "connecting" else "bad", studio.state)


def _sheet(show: Show) -> Connection | None:
    if show.sheet_fault:
        return Connection("sheet", "bad", show.sheet_fault)
    if show.sheet is None:
        return None
    return Connection("sheet", "good" if show.sheet.fault is None else "bad", show.sheet.line)


def _camera(show: Show) -> Connection | None:
    if show.virtual_camera is None:
        return None
    fault = show.virtual_camera.fault
    if fault is None:
        return Connection("camera", "good", "The virtual camera runs.")
    return Connection("camera", "bad", "The virtual camera is off, and is tried again.", fault)


def _streamer(show: Show) -> Connection:
    """An agent that isn't there is no fault: most streams have none."""
    side = show.streamer_side
    if not side.present:
        gone = "has gone" if side.seen else "is not used"
        return Connection("streamer", "off", f"The streamer's own agent {gone}.", "Start `python run.py streamer`.")
    fused = side.streamer.fused(show.now())
    if fused is None:
        return Connection("streamer", "waiting", "The streamer's agent is here, and reads nothing right now.")
    return Connection("streamer", "good", f"The streamer's {', '.join(fused.parts)} can be read.")


def _history(show: Show) -> Connection:
    if show.history is None:
        return Connection("history", "off", "This stream is not remembered.", "Set [history] enabled = true.")
    if show.history_fault is not None:
        waiting = f"The history's disk takes nothing; {show.sessions.waiting} rows wait in memory, an hour at most."
        return Connection("history", "bad", waiting, show.history_fault)
    return Connection("history", "good", "This stream is remembered.")


def _links(show: Show) -> Connection | None:
    access = show.access
    if not access.is_kept:
        return None
    if access.fault:
        return Connection("links", "bad", "What has changed of links and bans is not on the disk.", access.fault)
    return Connection("links", "good", "Links and bans are kept.")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
