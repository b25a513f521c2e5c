"""Replays recorded exchanges of a Magento shop against a sandbox shop and counts how many answers agree.

    python scripts/replay_recordings.py --store EXPORT_DIR RECORDINGS_DIR [--group NAME] [--show N]

RECORDINGS_DIR holds JSON files with `request` and `response`; they are played in the order of their
names. `{admin}` in a header stands for a fresh admin token, a `bulk_uuid` in a URL is replaced by the one
that the sandbox gave, an answer of null is sent but not compared. Ids, times and random texts that no two
shops share are left out. Requests that are signed with OAuth are sent as they were recorded, at the time
of their recording; --credentials names the JSON file with the keys they were signed with:
{"name": {"consumer_key", "consumer_secret", "access_token", "access_token_secret"}, ...}. Notes say what
was changed before a request: `integration.status=0` is the status of the integration that signed it,
`path/of/a/setting = 1` a setting.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mageferry.sandbox import Sandbox

VOLATILE_KEYS = frozenset(
    {"protect_code", "bulk_uuid", "bulk_id", "data_hash", "start_time", "created_at", "updated_at"}
)
JSON_WEB_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
VOLATILE_TEXTS = (
    (re.compile(r"Report ID: webapi-[0-9a-f]+"), "Report ID: webapi-*"),
    (re.compile(r"record number: [0-9a-f]+"), "record number: *"),
    (re.compile(r"api(\\?/)\d+"), r"api\1*"),
    (re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"127\.0\.0\.1(&#x3A;|:|\\u003A)\d+"), "HOST"),
    (JSON_WEB_TOKEN, "TOKEN"),
)
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str


@dataclass(slots=True)
class Tally:
    compared: Counter[str]
    equal: Counter[str]
    differences: list[str]


class Replay:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._uuids: dict[str, str] = {}
        self._token = ""

    def send(self, request: dict[str, Any], recorded: dict[str, Any] | None) -> Answer:
        target = UUID.sub(lambda match: self._uuids.get(match[0], match[0]), request["url"])
        authorization = request["headers"].get("Authorization", "")
        signed = authorization[:6].lower() == "oauth "
        dropped = ("Content-Length",) if signed else ("Content-Length", "Host")
        headers = {name: value for name, value in request["headers"].items() if name not in dropped}
        if signed and recorded is not None:
            date = next(value for name, value in recorded["headers"] if name == "Date")
            self._sandbox.control.set_clock(parsedate_to_datetime(date))
        if "{admin}" in authorization:
            headers["Authorization"] = authorization.replace("{admin}", self._admin_token())
        elif recorded is not None and recorded["status"] != 401 and JSON_WEB_TOKEN.search(authorization):
            # Signed with the recorded shop's key; one that was refused there must be refused here, too.
            headers["Authorization"] = JSON_WEB_TOKEN.sub(self._admin_token(), authorization)
        body = (request.get("body") or "").encode(request.get("encoding") or _encoding(request))
        if body or request["headers"].get("Content-Length") is not None:
            headers["Content-Length"] = str(len(body))
        answer = self._exchange(request["method"], target, headers, body)
        self._map_uuids(answer, recorded)
        return answer

    def _exchange(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(self._sandbox.url)
        connection = HTTPConnection(parts.hostname or "", parts.port)
        try:
            connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            response = connection.getresponse()
            return Answer(response.status, response.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def apply_note(self, note: str, authorization: str) -> None:
        """What a note says about the shop's settings and the integration that signs the request."""
        for path, value in re.findall(r"(\w+/\w+/\w+) = (\w+)", note):
            self._sandbox.control.set_setting(path, value)
        wanted = re.search(r"integration\.status=(\d)", note)
        signer = re.search(r'oauth_consumer_key="(\w+)"', authorization)
        entry = self._sandbox.shop.integrations.by_key(signer[1]) if wanted and signer else None
        if wanted and entry is not None:
            entry.status = int(wanted[1])
            self._sandbox.shop.integrations.save(entry)

    def _admin_token(self) -> str:
        if not self._token:
            sent = json.dumps({"username": self._sandbox.username, "password": self._sandbox.password})
            headers = {"Content-Type": "application/json", "Content-Length": str(len(sent))}
            answer = self._exchange("POST", "/rest/V1/integration/admin/token", headers, sent.encode())
            self._token = json.loads(answer.body)
        return self._token

    def _map_uuids(self, answer: Answer, recorded: dict[str, Any] | None) -> None:
        if recorded is None or "bulk_uuid" not in (recorded.get("body") or ""):
            return
        old, new = UUID.search(recorded["body"]), UUID.search(answer.body)
        if old and new:
            self._uuids[old[0]] = new[0]


def _encoding(request: dict[str, Any]) -> str:
    """Bodies that were recorded with a smaller Content-Length than their UTF-8 form were sent as Latin-1."""
    body = request.get("body") or ""
    length = int(request["headers"].get("Content-Length") or 0)
    return "latin-1" if length == len(body) and length != len(body.encode()) else "utf-8"


def normalise(text: str) -> Any:
    """The body without what two shops cannot share: JSON as a tree, anything else as text."""
    for pattern, replacement in VOLATILE_TEXTS:
        text = pattern.sub(replacement, text)
    try:
        return _without_volatile(json.loads(text))
    except ValueError:
        return text.strip()


def _without_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "*" if key in VOLATILE_KEYS else _without_volatile(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_volatile(item) for item in value]
    return value


def differences(expected: Any, found: Any, path: str = "$") -> list[str]:
    """Every place where two trees differ, as one line each."""
    if isinstance(expected, dict) and isinstance(found, dict):
        lines: list[str] = []
        for key in sorted(expected.keys() | found.keys()):
            where = f"{path}.{key}"
            if key not in found:
                lines.append(f"{where}: missing, expected {_short(expected[key])}")
            elif key not in expected:
                lines.append(f"{where}: not expected, found {_short(found[key])}")
            else:
                lines += differences(expected[key], found[key], where)
        return lines
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [line for index, (a, b) in pairs for line in differences(a, b, f"{path}[{index}]")]
    if expected == found and isinstance(expected, bool) == isinstance(found, bool):
        return []
    return [f"{path}: expected {_short(expected)}, found {_short(found)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 160 else f"{text[:150]}… ({len(text)} characters)"


def replay(sandbox: Sandbox, files: list[Path], group: str) -> Tally:
    tally = Tally(Counter(), Counter(), [])
    player = Replay(sandbox)
    for file in files:
        recording = json.loads(file.read_text(encoding="utf-8"))
        request, recorded = recording.get("request"), recording.get("response")
        if not isinstance(request, dict):
            if "consumers" in recording.get("step", ""):
                sandbox.control.run_consumers()
            continue
        name = recording.get("group") or file.parent.name
        player.apply_note(recording.get("note") or "", request["headers"].get("Authorization", ""))
        answer = player.send(request, recorded)
        if recorded is None or group not in ("", name):
            continue
        tally.compared[name] += 1
        found = differences(normalise(recorded.get("body") or ""), normalise(answer.body))
        if recorded["status"] != answer.status:
            found.insert(0, f"status: expected {recorded['status']}, found {answer.status}")
        if found:
            tally.differences.append(
                "\n    ".join([f"{file.stem}  {request['method']} {request['url'][:150]}", *found])
            )
        else:
            tally.equal[name] += 1
    return tally


def recorded_at(file: Path) -> tuple[float, str]:
    """When it was recorded, then by name; numbered recordings by their numbers alone."""
    if file.name[:1].isdigit() and file.name[:4].isdigit():
        return 0.0, file.name
    response = json.loads(file.read_text(encoding="utf-8")).get("response") or {}
    dates = [value for name, value in response.get("headers") or () if name == "Date"]
    return parsedate_to_datetime(dates[0]).timestamp() if dates else 0.0, file.name


def add_integrations(sandbox: Sandbox, file: Path, resources: list[str]) -> None:
    """Integrations with the keys of a credentials file; those named `*limited*` have ``resources`` only."""
    for name, keys in json.loads(file.read_text(encoding="utf-8")).items():
        if not isinstance(keys, dict) or "consumer_key" not in keys:
            continue
        desk = sandbox.control.integrations
        pair = {"consumer_key": keys["consumer_key"], "consumer_secret": keys["consumer_secret"]}
        if "limited" in name:
            desk.add(name, resources=tuple(resources), **pair)
        else:
            desk.add(name, **pair)
        if keys["access_token"]:
            desk.authorize(name, token=keys["access_token"], secret=keys["access_token_secret"])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "recordings", type=Path, help="directory of recordings, searched with its sub-directories"
    )
    parser.add_argument("--store", required=True, help="store export to start from, or a demo shop's name")
    parser.add_argument("--group", default="", help="compare this group only; everything is still sent")
    parser.add_argument("--show", type=int, default=20, help="how many differing answers to print")
    parser.add_argument(
        "--now", default="", help="the shop's time at the start, such as 2030-01-01T00:00:00Z"
    )
    parser.add_argument("--password", default="", help="the password of `admin` that the recordings use")
    parser.add_argument("--user", action="append", default=[], help="another user with the same password")
    parser.add_argument("--credentials", type=Path, help="keys that the recordings were signed with")
    parser.add_argument(
        "--limited", action="append", default=[], help="permission of integrations named *limited*"
    )
    parser.add_argument("--set", action="append", default=[], help="a setting of the shop, PATH=VALUE")
    options = parser.parse_args()
    with Sandbox(options.store, password=options.password) as sandbox:
        # Operations wait for the step that runs the consumers, however long the replay takes.
        sandbox.control.set_setting("sandbox/async/delay_seconds", "")
        for setting in options.set:
            sandbox.control.set_setting(*setting.split("=", 1))
        if options.credentials:
            add_integrations(sandbox, options.credentials, options.limited)
        for username in options.user:
            sandbox.control.add_account(username, sandbox.password)
        if options.now:
            sandbox.control.set_clock(datetime.fromisoformat(options.now).astimezone(UTC))
        tally = replay(sandbox, sorted(options.recordings.rglob("*.json"), key=recorded_at), options.group)
    for difference in tally.differences[: options.show]:
        print(difference)
    for name in sorted(tally.compared):
        print(f"{name:20} {tally.equal[name]:4} of {tally.compared[name]:4} equal")
    print(f"{'all':20} {tally.equal.total():4} of {tally.compared.total():4} equal")
    return 0 if tally.equal == tally.compared else 1


if __name__ == "__main__":
    sys.exit(main())
