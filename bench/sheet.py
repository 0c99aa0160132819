"""`python -m bench.sheet`: how many changes of a crowd a Google Sheet carries, by LERA's scheme and by its ancestor's.

Both meet the same stand-in with Google's published quotas (60 reads and 60 writes a minute for a user, 300 for a
project), and the same crowd, whose members change what they show at random. What counts is how often the streamer's
side sees a viewer change. The ancestor's calls are rebuilt from its description: one account for everyone, every viewer
reads the whole block every two seconds and writes its mood when that has changed, ten seats, and whose call Google
refuses is gone for good. A second, kinder ancestor goes on after refusals.
"""

import argparse
import asyncio
import logging
import random
import threading
import time
from dataclasses import dataclass, field

import gspread
from google.oauth2.credentials import Credentials

from tests.standins.sheets import SheetsStandIn, standin
from tests.transport.sheet_crowd import BOOK, a_crowd

SEATS = 10
MOODS = ("happy", "sad", "normal", "angry", "surprise", "disgust", "fear")


@dataclass
class Found:
    """What one scheme did. `refused` are quota errors, `lost` those who no longer take part at the end."""

    name: str
    felt: int = 0
    carried: int = 0
    refused: int = 0
    lost: int = 0


def main() -> None:
    """Print changes carried a minute for each scheme, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--viewers", type=int, default=50, help="in the crowd (default 50)")
    parser.add_argument("--minutes", type=float, default=5.0, help="of Google's time for each scheme (default 5)")
    parser.add_argument(
        "--every", type=float, default=15.0, help="seconds between two changes of a viewer (default 15)"
    )
    parser.add_argument("--scale", type=float, default=10.0, help="how much faster time runs, and quotas (default 10)")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    found = asyncio.run(measure(options.viewers, options.minutes, options.every, options.scale))
    crowd = f"{options.viewers} viewers who change every {options.every:g} s"
    print(f"{crowd}, {options.minutes:g} minutes of each scheme:")
    print(f"{'':44} {'felt/min':>9} {'carried/min':>12} {'quota errors':>13} {'lost':>5}")
    for one in found:
        felt, carried = one.felt / options.minutes, one.carried / options.minutes
        print(f"{one.name:44} {felt:9.1f} {carried:12.1f} {one.refused:13} {one.lost:5}")
    carried = {one.name: max(1, one.carried) for one in found}
    for name in (LOGINS, SHARED):
        as_it_was, kinder = carried[name] / carried[ANCESTOR], carried[name] / carried[PATIENT]
        print(f"{name}: {as_it_was:.1f} times its ancestor, {kinder:.1f} times the kinder one.")


ANCESTOR, PATIENT = "ancestor's scheme (refused: gone)", "ancestor's scheme, going on after refusals"
LOGINS, SHARED = "LERA, a Google login for each viewer", "LERA, one account for all"


async def measure(viewers: int, minutes: float, every: float, scale: float) -> list[Found]:
    return [
        await ancestor(ANCESTOR, viewers, minutes, every, scale, patient=False),
        await ancestor(PATIENT, viewers, minutes, every, scale, patient=True),
        await lera(SHARED, viewers, minutes, every, scale, shared=True),
        await lera(LOGINS, viewers, minutes, every, scale, shared=False),
    ]


async def lera(name: str, viewers: int, minutes: float, every: float, scale: float, shared: bool) -> Found:
    async with a_crowd(scale, shared) as crowd:
        for number in range(1, viewers + 1):
            crowd.join(number)
        await crowd.live(60 * minutes, every)
        log = crowd.sheets.google.log
        felt = sum(len(agent.felt) - 1 for agent in crowd.agents.values())
        first: dict[int, int] = {}
        for number, change in sorted(crowd.seen.arrived):
            first.setdefault(number, change)
        lost = sum(agent.task is None or agent.task.done() for agent in crowd.agents.values())
        carried = len(crowd.seen.arrived) - len(first)
        return Found(name, felt, carried, sum(entry[4] == 429 for entry in log), lost)


async def ancestor(name: str, viewers: int, minutes: float, every: float, scale: float, patient: bool) -> Found:
    async with standin(scale=scale) as sheets:
        sheets.add_spreadsheet(BOOK).tabs[0].grid["columnCount"] = 60  # its history is in the columns AB and beyond
        stage = Stage(sheets, Found(name), 60 * minutes / scale, every / scale, patient)
        threads = [threading.Thread(target=stage.record), *(
            threading.Thread(target=stage.watch, args=(seat,)) for seat in range(min(viewers, SEATS))
        )]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        stage.found.refused = sum(entry[4] == 429 for entry in sheets.google.log)
        stage.found.lost += viewers - min(viewers, SEATS)
        # Those without a seat change as well; nobody hears of it.
        stage.found.felt = round(stage.found.felt * viewers / min(viewers, SEATS))
        return stage.found


@dataclass
class Stage:
    """The ancestor's programs, each in a thread of its own. Times are ours, not Google's."""

    sheets: SheetsStandIn
    found: Found
    length: float
    every: float
    patient: bool
    login: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        kept = self.sheets.logins.add_person("everyone@example.com")
        self.login = {name: kept[name] for name in ("refresh_token", "token_uri", "client_id", "client_secret")}
        self.end = time.monotonic() + self.length

    def open(self) -> gspread.Worksheet:
        sheets = self.sheets

        class Redirected(gspread.HTTPClient):
            def request(self, method, endpoint, *args, **options):  # type: ignore[no-untyped-def]
                here = endpoint.replace("https://sheets.googleapis.com", sheets.url)
                return super().request(method, here, *args, **options)

        credentials = Credentials(None, **self.login)  # type: ignore[no-untyped-call]
        return gspread.Client(credentials, http_client=Redirected).open_by_key(BOOK).sheet1

    def pause(self, begun: float) -> None:
        """The rest of two of Google's seconds."""
        time.sleep(max(0.0, begun + 2 / self.sheets.scale - time.monotonic()))

    def watch(self, seat: int) -> None:
        """A viewer: take a seat, then every two seconds write the mood if it has changed, and read the block."""
        row, chance, mood, written = seat + 1, random.Random(seat), "normal", ""
        changes = time.monotonic() + chance.expovariate(1 / self.every)
        sheet: gspread.Worksheet | None = None
        alive = True
        while time.monotonic() < self.end:
            begun = time.monotonic()
            while changes < begun:
                mood = chance.choice([other for other in MOODS if other != mood])
                changes += chance.expovariate(1 / self.every)
                with self.lock:
                    self.found.felt += 1
            try:
                if sheet is None and alive:
                    sheet = self.open()
                    sheet.get("B1:D10")
                    sheet.update_acell(f"C{row}", f"viewer {seat}")
                    sheet.update_acell(f"D{row}", "mood: normal")
                    sheet.update_acell("B1", seat + 1)
                elif sheet is not None and alive:
                    if mood != written:
                        sheet.update_acell(f"D{row}", f"mood: {mood}")
                        written = mood
                    sheet.get("B1:D10")
            except gspread.exceptions.APIError:
                alive = self.patient
            self.pause(begun)
        with self.lock:
            self.found.lost += not alive
        if sheet is not None:
            sheet.client.session.close()

    def record(self) -> None:
        """The streamer's window: read the block every two seconds, write the history every fourth time."""
        known: dict[int, str] = {}
        sheet: gspread.Worksheet | None = None
        alive, loops = True, 0
        while alive and time.monotonic() < self.end:
            begun = time.monotonic()
            try:
                if sheet is None:
                    sheet = self.open()
                moods = {row: line[0] for row, line in enumerate(sheet.get("D1:D10")) if line}
                self.found.carried += sum(row in known and known[row] != mood for row, mood in moods.items())
                known |= moods
                loops += 1
                if loops % 4 == 0:
                    for cell in (f"AC{loops // 4}", f"AD{loops // 4}", "AB2"):
                        sheet.update_acell(cell, loops // 4)
            except gspread.exceptions.APIError:
                alive = self.patient
            self.pause(begun)
        if sheet is not None:
            sheet.client.session.close()


if __name__ == "__main__":
    main()
