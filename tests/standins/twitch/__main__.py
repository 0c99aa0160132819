"""A local Twitch to try a bot against by hand."""

import argparse
import asyncio

from tests.standins.twitch.twitch import BOT, CLIENT_ID, STREAMER, standin


async def main(port: int, speed: float) -> None:
    async with standin(port, speed) as twitch:
        print(f"A local Twitch: {twitch.base} (speak in chat and do things to it there; Ctrl-C ends it)")
        print(f"client id {CLIENT_ID}, channel {STREAMER}, bot account {BOT}")
        print(f"Helix {twitch.helix_url}  identity {twitch.id_url}  EventSub {twitch.socket_url}")
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.standins.twitch", description=__doc__)
    parser.add_argument("--port", type=int, default=18_090, help="where to listen on this machine (default 18090)")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast its clock runs (default 1)")
    chosen = parser.parse_args()
    try:
        asyncio.run(main(chosen.port, chosen.speed))
    except KeyboardInterrupt:
        pass
    except OSError as error:
        parser.exit(1, f"Port {chosen.port} can't be opened ({error.strerror}); choose another with --port.\n")
