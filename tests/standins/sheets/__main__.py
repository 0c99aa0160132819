"""python -m tests.standins.sheets: the stand-in by itself."""

import argparse
import asyncio
import json
from pathlib import Path

from tests.standins.sheets.server import SheetsStandIn


async def serve(sheets: SheetsStandIn, port: int, key: Path | None) -> None:
    runner = await sheets.start(port)
    try:
        if key:
            leave_key(sheets, key)
        print(f"Google Sheets stands in at {sheets.url}", flush=True)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def leave_key(sheets: SheetsStandIn, path: Path) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(sheets.logins.add_service_account("bot")), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.standins.sheets", description=__doc__)
    parser.add_argument("--port", type=int, default=8060, help="where to listen on this machine")
    parser.add_argument(
        "--no-quota",
        action="store_true",
        help="no quotas and no logins, and a spreadsheet that isn't there is made when it is first asked for",
    )
    parser.add_argument("--scale", type=float, default=1.0, help="how many of Google's seconds pass in one of ours")
    parser.add_argument("--key", type=Path, help="leave the key file of a new service account there")
    options = parser.parse_args()
    sheets = SheetsStandIn(quota=not options.no_quota, strict_logins=not options.no_quota, scale=options.scale)
    try:
        asyncio.run(serve(sheets, options.port, options.key))
    except KeyboardInterrupt:
        print("Bye.")


if __name__ == "__main__":
    main()
