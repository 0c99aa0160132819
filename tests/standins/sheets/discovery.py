"""The discovery document of Sheets v4, and what Google answers to a request that it doesn't describe."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from tests.standins.sheets import masks, sketch
from tests.standins.sheets.errors import bad_request

Json = dict[str, Any]
Violations = list[tuple[str, str]]
PACKAGE = "type.googleapis.com/google.apps.sheets.v4."
ENUMS = {"majorDimension": "Dimension", "insertDataOption": "AppendValuesRequest.InsertDataOption"}
ENUMS |= {f"response{name}": name for name in ("ValueRenderOption", "DateTimeRenderOption")}
# What a field mask speaks of: the first of these that stands beside it.
MASKED = ("properties", "cell", "namedRange", "protectedRange", "filter", "rows")
INTEGER = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


@dataclass(frozen=True)
class Call:
    """A request that the document describes: the method's id, what its path, query and body say."""

    method: str
    path: dict[str, str]
    query: Json
    body: Json
    mask: masks.Mask = field(default_factory=dict)

    @property
    def is_read(self) -> bool:
        return self.method.rpartition(".")[2] in READS


READS = {"get", "batchGet", "getByDataFilter", "batchGetByDataFilter", "search"}


@cache
def document() -> Json:
    try:
        folder = files("googleapiclient") / "discovery_cache" / "documents"
    except ModuleNotFoundError:
        return sketch.document()
    loaded: Json = json.loads((folder / "sheets.v4.json").read_text("utf-8"))
    return loaded


@cache
def methods() -> list[tuple[str, re.Pattern[str], Json]]:
    """HTTP method, path, description; those with a verb such as `:append` first, as they are the closer match."""
    found: list[tuple[str, re.Pattern[str], Json]] = []

    def walk(resource: Json) -> None:
        for method in resource.get("methods", {}).values():
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(method["path"]))
            pattern = pattern.replace("(?P<spreadsheetId>[^/]+)", "(?P<spreadsheetId>[^/:]+)")
            found.append((method["httpMethod"], re.compile(f"/{pattern}"), method))
        for inner in resource.get("resources", {}).values():
            walk(inner)

    walk(document())
    return sorted(found, key=lambda entry: not re.search(r":\w+$", entry[2]["path"]))


def find(http_method: str, raw_path: str) -> tuple[Json, dict[str, str]] | None:
    """The method that a request line means and the parts of its path; None where there is none."""
    for wanted, pattern, method in methods():
        match = pattern.fullmatch(raw_path) if wanted == http_method else None
        if match:
            return method, {name: unquote(part) for name, part in match.groupdict().items()}
    return None


def check(method: Json, path: dict[str, str], query: Iterable[tuple[str, str]], raw_body: bytes) -> Call:
    """The call, or Google's refusal: unknown names, wrong types, fields that aren't there."""
    violations: Violations = []
    values = _query(method, query, violations)
    body: Json = {}
    if raw_body.strip() and "request" in method:
        try:
            loaded = json.loads(raw_body)
        except ValueError:
            raise bad_request([("", "Invalid JSON payload received. Unexpected token.")]) from None
        prefix = "data" if method["request"]["$ref"] == "ValueRange" else ""
        body = _message(method["request"]["$ref"], loaded, prefix, violations) or {}
    elif raw_body.strip():
        violations.append(("", "Invalid JSON payload received. A GET request has no body."))
    if violations:
        raise bad_request(violations)
    mask = masks.parse(values.get("fields", ""))
    check_mask(mask, method["response"]["$ref"])
    return Call(method["id"].removeprefix("sheets.spreadsheets."), path, values, body, mask)


def _query(method: Json, query: Iterable[tuple[str, str]], violations: Violations) -> Json:
    known = {name: p for name, p in method.get("parameters", {}).items() if p["location"] == "query"}
    known |= document()["parameters"]
    known |= {snake(name): {**parameter, "name": name} for name, parameter in known.items()}
    values: Json = {}
    for name, text in query:
        if name not in known:
            text = f"Cannot bind query parameter. Field '{name}' could not be found in request message."
            violations.append(("", f'Invalid JSON payload received. Unknown name "{name}": {text}'))
            continue
        parameter = known[name]
        value: Any = text
        if parameter["type"] == "boolean":
            if text.lower() not in ("true", "false", "1", "0"):
                violations.append(_wrong(snake(name), "TYPE_BOOL", text))
            value = text.lower() in ("true", "1")
        else:
            value = _scalar(parameter, text, name, snake(name), violations)
        name = parameter.get("name", name)
        if parameter.get("repeated"):
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    return values


def _message(schema_name: str, value: Any, path: str, violations: Violations) -> Json | None:
    """A JSON object as a message; null is no field, and a name may be written in snake_case, as protobuf has it."""
    if value is None:
        return None
    if not isinstance(value, dict):
        violations.append(_wrong(path, PACKAGE + schema_name, value))
        return None
    if not schema_name:
        return dict(_without_nulls(value))
    properties = document()["schemas"][schema_name].get("properties", {})
    names = {snake(name): name for name in properties}
    found: Json = {}
    for given, item in value.items():
        name = given if given in properties else names.get(given)
        where = f"{path}.{snake(name or given)}".lstrip(".")
        if name is None:
            at = f" at '{path}'" if path else ""
            text = f'Invalid JSON payload received. Unknown name "{given}"{at}: Cannot find field.'
            violations.append((path, text))
        elif (read := _field(properties[name], item, name, where, violations)) is not None:
            found[name] = read
    if schema_name == "Request" and len(found) > 1:
        first, second = list(found)[:2]
        text = f"Invalid value at '{path}' (oneof), oneof field 'kind' is already set. Cannot set '{second}'"
        violations.append((path, f"{text} after '{first}'"))
    for name, spec in properties.items():
        if spec.get("format") == "google-fieldmask" and isinstance(found.get(name), str):
            beside = next((beside for beside in MASKED if beside in properties), None)
            if beside:
                target = "CellData" if beside == "rows" else properties[beside].get("$ref")
                check_mask(masks.parse(found[name]), target)
    return found


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _field(spec: Json, value: Any, name: str, path: str, violations: Violations) -> Any:
    if value is None:
        return None
    if spec.get("type") == "array":
        inner = spec["items"]
        if not isinstance(value, list) and inner.get("type") == "any":
            violations.append(_wrong(path, "type.googleapis.com/google.protobuf.ListValue", value))
            return None
        if not isinstance(value, list):
            value = _field(inner, value, name, path, violations)
            return None if value is None else [value]
        return [_field(inner, item, name, f"{path}[{at}]", violations) for at, item in enumerate(value)]
    if isinstance(value, list) and spec.get("type") != "any":
        text = f"Invalid JSON payload received. Unknown name \"{name}\" at '{path.rpartition('.')[0]}': "
        violations.append((path.rpartition(".")[0], text + "Proto field is not repeating, cannot start list."))
        return None
    if "$ref" in spec:
        return _message(spec["$ref"], value, path, violations)
    return _scalar(spec, value, name, path, violations)


def _scalar(spec: Json, value: Any, name: str, path: str, violations: Violations) -> Any:
    kind, form = spec.get("type"), spec.get("format", "")
    if "enum" in spec:
        if value not in spec["enum"]:
            violations.append(_wrong(path, PACKAGE + ENUMS.get(name, name[0].upper() + name[1:]), value))
        return value
    if kind == "string" and not isinstance(value, str):
        violations.append(_wrong(path, "TYPE_STRING", value))
    elif kind == "boolean" and not isinstance(value, bool):
        violations.append(_wrong(path, "TYPE_BOOL", value))
    elif kind == "integer":
        low, high = INTEGER.get(form, INTEGER["int32"])
        try:
            number = float(value)
            if isinstance(value, bool) or number != int(number) or not low <= number <= high:
                raise ValueError
            return int(value)
        except (TypeError, ValueError, OverflowError):
            violations.append(_wrong(path, f"TYPE_{form.upper() or 'INT32'}", value))
    elif kind == "number":
        try:
            return float(value) if isinstance(value, str) else value + 0
        except (TypeError, ValueError):
            violations.append(_wrong(path, f"TYPE_{form.upper() or 'DOUBLE'}", value))
    return value


def _wrong(path: str, kind: str, value: Any) -> tuple[str, str]:
    return path, f"Invalid value at '{path}' ({kind}), {json.dumps(value)}"


def check_mask(mask: masks.Mask, schema_name: str, above: str = "") -> None:
    """Refuse a field mask that names what a message doesn't have."""
    if not schema_name:
        return
    properties = document()["schemas"][schema_name].get("properties", {})
    names = {snake(name): name for name in properties}
    for given, below in mask.items():
        if given == "*":
            continue
        name = given if given in properties else names.get(given)
        path = f"{above}.{given}".lstrip(".")
        if name is None:
            raise masks.refusal(path)
        spec = properties[name]
        while spec.get("type") == "array":
            spec = spec["items"]
        if below and "$ref" in spec:
            check_mask(below, spec["$ref"], path)
        elif below and spec.get("type") != "object":
            raise masks.refusal(f"{path}.{next(iter(below))}")


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda letter: "_" + letter[1].lower(), name)
