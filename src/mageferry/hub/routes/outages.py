"""Other systems that are down: their client is paused with one notice, asked from time to time, and goes on by itself.

Tasks of all routes that send over the client wait meanwhile and lose no more attempts.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from mageferry.http import HttpError
from mageferry.http.config import ConfigError
from mageferry.http.errors import NotSent, Unanswered
from mageferry.http.message import Request
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.arrivals import client_key
from mageferry.hub.routes.reach import Reach, handle_with
from mageferry.hub.work import ledger, outages
from mageferry.hub.work.handling import handles
from mageferry.hub.work.ledger import Claim, Intent, Outcome
from mageferry.hub.work.outages import Health

PROBE: Final = "probe_client"
# Said by what stands in front of a server that doesn't answer, or by one that is closed for now.
AWAY: Final = (502, 503, 504)
_health: dict[str, Health] = defaultdict(Health)


def note_answer(client: HttpClientRecord, status: int | None, reason: str) -> None:
    """How a request over the client ended: the status of its answer, None when none came."""
    key = client_key(client)
    if status is not None and status not in AWAY:
        _health[key].answered()
    elif _health[key].failed():
        outages.declare_down(key, reason, probe_of(client))


def forget_answers() -> None:
    """Begin to count anew: between tests."""
    _health.clear()


def probe_of(client: HttpClientRecord, probes: int = 0) -> Intent:
    """The unit of work that asks whether the other side is back. It belongs to no client, or it would be paused too."""
    key = client_key(client)
    return Intent(
        PROBE,
        outages.probe_subject(key),
        payload={"connector_key": key, "client": client.pk, "probes": probes},
        priority=5,
        wait_seconds=outages.next_probe_seconds(probes),
    )


@handles(PROBE)
def probe_client(held: Claim) -> Outcome:
    """Ask the base address without signing in; end the outage when anything answers there, else ask again later."""
    key, probes = held.unit.payload["connector_key"], held.unit.payload["probes"]
    if outages.outage_of(key) is None:
        return ledger.skipped("The client isn't paused by an outage any more.")
    client = HttpClientRecord.objects.filter(pk=held.unit.payload["client"]).first()
    if client is None or client_key(client) != key or not client.enabled:
        return ledger.finished(lambda: _end(key), result={"answer": "The client is gone, or switched off."})
    problem = _what_is_wrong(client)
    if problem is None:
        return ledger.finished(lambda: _end(key))
    later = probe_of(client, probes + 1)

    def ask_later() -> None:
        ledger.write_intents([later])

    return ledger.finished(ask_later, result={"answer": problem})


def _what_is_wrong(client: HttpClientRecord) -> str | None:
    """None when something answers for itself, be it with a refusal, or when it isn't for the other side to say."""
    with Reach() as reach:
        try:
            http = reach.client(client)
            answer = http.run(handle_with(http)(Request("GET", "", anonymous=True, max_body_bytes=1_000_000)))
        except (Unanswered, NotSent) as error:
            return reach.masked(error.message)
        except (HttpError, ConfigError):
            return None
    return f"It answers {answer.status}" if answer.status in AWAY else None


def _end(key: str) -> None:
    outages.end_outage(key)
