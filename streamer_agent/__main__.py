"""`python -m streamer_agent`: let the bot read your own face, voice and words beside the crowd's mood."""

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from lera import logs
from lera.configuration import Configuration, read_configuration
from lera.cores import forbid_core_files
from lera.errors import LeraError
from lera.logs import LogSettings
from lera.options import check_statistics_file, positive_seconds, write_statistics
from lera.parent import when_input_ends
from lera.signals import STOPPED_STATUS, run_until_stopped
from streamer_agent.address import Bot, other_bot, own_bot
from streamer_agent.agent import StreamerAgent
from streamer_agent.consent import payload, require_consent, withdraw_consent
from streamer_agent.devices import PortAudio
from streamer_agent.setting_up import Chosen, chosen, senses
from streamer_agent.settings import StreamerSettings
from transport.stage import StageClient

logger = logging.getLogger(__name__)

_DESCRIPTION = """\
Reads your facial expression, your voice and your words on this computer, and sends seven numbers a second of each to
your own bot. It asks you before it opens camera or microphone for the first time; no picture, no sound and no word
leaves this computer. While it runs, p (and Enter) pauses at once and closes both, Ctrl-C stops."""


def main(argv: list[str] | None = None) -> int:
    """Run the agent; returns the exit status. Errors that a person can mend become one line on stderr."""
    try:
        return _run(_parser().parse_args(argv))
    except LeraError as error:
        logs.tell_end(error)
        return 1
    except KeyboardInterrupt:
        return STOPPED_STATUS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "streamer", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--camera", metavar="WHICH", help="0, 1, …, a device, a video file, or obs:NAME for an OBS source of that name"
    )
    parser.add_argument(
        "--microphone", metavar="WHICH", help="its number, a part of its name, or a sound or video file in its place"
    )
    parser.add_argument("--no-camera", action="store_true", help="read voice and words only")
    parser.add_argument("--no-microphone", action="store_true", help="read the face only")
    parser.add_argument("--loop", action="store_true", help="play files over and over")
    parser.add_argument("--bot", metavar="ADDRESS", help="another machine's bot, as in http://192.168.1.5:8765")
    parser.add_argument("--seconds", type=positive_seconds, metavar="N", help="stop after this many seconds")
    parser.add_argument("--stats-file", type=Path, metavar="PATH", help="write what the run did and cost, as JSON")
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when standard input is closed")
    parser.add_argument(
        "--insecure", action="store_true", help="use a bot over the internet by http, for all along the way to read"
    )
    parser.add_argument("--config", type=Path, metavar="PATH", help="another config.toml")
    other = parser.add_argument_group("instead of running").add_mutually_exclusive_group()
    other.add_argument("--explain-payload", action="store_true", help="print what is sent of one reading, and exit")
    other.add_argument("--list-microphones", action="store_true", help="list this machine's microphones, and exit")
    other.add_argument("--forget", action="store_true", help="withdraw your consent, and exit")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if arguments.explain_payload:
        print(payload())
        return 0
    if arguments.forget:
        withdrawn = withdraw_consent()
        print("Your consent is withdrawn: nothing is opened." if withdrawn else "There was no consent to withdraw.")
        return 0
    if arguments.list_microphones:
        listed = "\n".join(f"{device.number}  {device.name}" for device in PortAudio().list())
        print(listed or "This machine has no microphone that LERA can see.")
        return 0
    forbid_core_files()
    configuration = read_configuration(arguments.config)
    logs.set_up(configuration.section("log", LogSettings))
    check_statistics_file(arguments.stats_file)
    settings = configuration.section("streamer_agent", StreamerSettings)
    wanted = chosen(
        settings,
        camera="" if arguments.no_camera else arguments.camera,
        microphone="" if arguments.no_microphone else arguments.microphone,
    )
    bot = own_bot(configuration) if arguments.bot is None else other_bot(arguments.bot)
    # A file is no camera: nobody is watched, so nobody is asked.
    if wanted.watches_somebody:
        require_consent()
    if settings.low_priority:
        from viewer_agent.agent import step_back

        step_back()
    return run_until_stopped(_run_agent(arguments, configuration, settings, wanted, bot))


async def _run_agent(
    arguments: argparse.Namespace,
    configuration: Configuration,
    settings: StreamerSettings,
    wanted: Chosen,
    bot: Bot,
) -> int:
    say = logs.speaker(logger)
    joined = False

    def make_client(on_state: Callable[[str], None]) -> StageClient:
        def hear(state: str) -> None:
            nonlocal joined
            joined = joined or state == "joined"
            on_state(state)

        return StageClient(bot.address.url, bot.address.key, hear, insecure=arguments.insecure, say=say)

    agent = StreamerAgent(make_client, senses(settings, configuration, wanted, loop=arguments.loop), bot.place, say)
    say(f"Reading {wanted} for the bot at {bot.place} …")
    try:
        with contextlib.ExitStack() as stack:
            if arguments.stop_with_parent:
                when_input_ends(agent.stop)
            else:
                from viewer_agent.terminal import listen_to_keys

                stack.enter_context(listen_to_keys(lambda key: agent.toggle_pause() if key in "pP" else None))
            try:
                await agent.run(arguments.seconds)
            except asyncio.CancelledError:
                # Ctrl-C is how a streamer ends this; it is no failure.
                say("Stopped.")
    except LeraError:
        if agent.refused and not joined:
            bot.forget_key()
        raise
    finally:
        if agent.statistics.readings:
            say(str(agent.statistics))
        if arguments.stats_file is not None:
            write_statistics(arguments.stats_file, msgspec.json.encode(agent.statistics))
    return 0


if __name__ == "__main__":
    sys.exit(main())
