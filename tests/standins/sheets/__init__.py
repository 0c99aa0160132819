"""A strict stand-in for Google Sheets v4, for tests, for the demo and to develop against.

`python -m tests.standins.sheets --port 8060` runs it; in a test, `async with standin(scale=20) as sheets:` does.
It refuses what the discovery document doesn't know, keeps the published quotas, checks the logins, and answers what
recordings of the real one show. What it doesn't know it refuses with 501, it never makes an answer up.
"""

from tests.standins.sheets.server import SheetsStandIn, standin

__all__ = ["SheetsStandIn", "standin"]
