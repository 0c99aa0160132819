"""The methods without the discovery document, for the demo where google-api-python-client isn't installed.

Requests then aren't checked against a schema. Tests always have the document.
"""

from typing import Any

Json = dict[str, Any]
BOOK = "v4/spreadsheets/{spreadsheetId}"
METHODS = (
    ("create", "POST", "v4/spreadsheets"),
    ("get", "GET", BOOK),
    ("batchUpdate", "POST", f"{BOOK}:batchUpdate"),
    ("sheets.copyTo", "POST", BOOK + "/sheets/{sheetId}:copyTo"),
    ("values.get", "GET", BOOK + "/values/{range}"),
    ("values.update", "PUT", BOOK + "/values/{range}"),
    ("values.append", "POST", BOOK + "/values/{range}:append"),
    ("values.clear", "POST", BOOK + "/values/{range}:clear"),
    ("values.batchGet", "GET", f"{BOOK}/values:batchGet"),
    ("values.batchUpdate", "POST", f"{BOOK}/values:batchUpdate"),
    ("values.batchClear", "POST", f"{BOOK}/values:batchClear"),
)
SCOPES = [f"https://www.googleapis.com/auth/{name}" for name in ("spreadsheets", "drive", "drive.file")]
REPEATED = {"ranges": {"type": "string", "location": "query", "repeated": True}}
TRUTHS = ("includeGridData", "includeValuesInResponse", "prettyPrint")
TEXTS = (
    "fields", "alt", "quotaUser", "key", "majorDimension", "valueRenderOption", "dateTimeRenderOption",
    "valueInputOption", "insertDataOption", "responseValueRenderOption", "responseDateTimeRenderOption",
)  # fmt: skip


def document() -> Json:
    """As much of a discovery document as finding a method and reading its query need."""
    methods: Json = {}
    for name, http_method, path in METHODS:
        reading = name.rpartition(".")[2] in ("get", "batchGet")
        methods[name] = {
            "id": f"sheets.spreadsheets.{name}", "httpMethod": http_method, "path": path, "parameters": REPEATED,
            "response": {"$ref": ""}, **({} if reading else {"request": {"$ref": ""}}),
            "scopes": [*SCOPES, *([f"{SCOPES[0]}.readonly"] if reading else [])],
        }  # fmt: skip
    texts = {name: {"type": "string", "location": "query"} for name in TEXTS}
    truths = {name: {"type": "boolean", "location": "query"} for name in TRUTHS}
    return {"resources": {"spreadsheets": {"methods": methods}}, "parameters": texts | truths, "schemas": {}}
