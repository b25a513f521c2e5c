"""Writing to a shop once, whatever becomes of the answer.

The unit's step is committed before and after the request, so that whatever happens in between is settled by looking
into the shop first:

    intent -> sending -> done            the answer came
    intent -> sending -> unclear -> ...  it did not: look, adopt what is found, else send again
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.flows.outcomes import wait_seconds
from mageferry.hub.work import ledger
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.models import Step
from mageferry.magento.errors import MagentoError, Rejected, Unclear

FOUND = "Found in Magento after an unclear answer."


@dataclass(frozen=True, slots=True)
class Write[Made]:
    """A write that must take effect once.

    `request` is kept with the unit for people to read. `look` finds in the shop what an earlier attempt made, None
    when there is nothing; `adopt` takes over what was made or found, with a message for the history; `done` is that
    message after a plain answer. `settle_seconds`: how long the shop may still be at it after an unclear answer, where
    nothing in the shop itself keeps a second request from taking effect too.
    """

    request: str
    send: Callable[[], Made]
    look: Callable[[], Made | None]
    adopt: Callable[[Made, str], Outcome]
    done: str
    settle_seconds: float = 0.0


def write_once[Made](held: Claim, write: Write[Made]) -> Outcome:
    """One attempt. Raises MagentoError when the shop refused or couldn't be asked: nothing is under way then, or the
    unit's step says that it is."""
    if held.sent_before:
        earlier = _settle(held, write)
        if earlier is not None:
            return earlier
        if held.unit.step == Step.SENDING and write.settle_seconds:
            # Its worker died: the shop may be working on that request at this moment.
            return ledger.retry(
                "The request was sent and its answer never came; it isn't in the shop yet.",
                write.settle_seconds,
                "It is looked for once more, and sent again if it isn't there.",
                step=Step.UNCLEAR,
            )
    ledger.record_step(held, Step.SENDING, request=write.request)
    try:
        made = write.send()
    except Unclear as error:
        ledger.record_step(held, Step.UNCLEAR, answer=error.message)
        wait = max(write.settle_seconds, wait_seconds(held.unit.attempts, error.wait_seconds))
        return _settle(held, write) or ledger.retry(error.message, wait, error.remedy, step=Step.UNCLEAR)
    except MagentoError:
        # Refused or never sent: nothing happened in the shop.
        ledger.record_step(held, Step.INTENT)
        raise
    return write.adopt(made, write.done)


def _settle[Made](held: Claim, write: Write[Made]) -> Outcome | None:
    """What an earlier attempt made, adopted; None when the shop has nothing of it."""
    try:
        found = write.look()
    except Rejected as error:
        # Still unclear: the next attempt has to look as well.
        return ledger.failed(
            f"Something was sent and its answer never came; looking for it in the shop was refused: {error.message}",
            error.remedy,
            step=Step.UNCLEAR,
        )
    return None if found is None else write.adopt(found, FOUND)


def settle_seconds_of(connector: Magento2Connector) -> float:
    """How long a shop may still be at a request whose answer never came: as long as it would have been waited for."""
    return float(connector.timeout_seconds)


def as_text(method: str, path: str, body: Mapping[str, Any]) -> str:
    """A request as it is kept with its unit."""
    return f"{method} {path}\n{orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()}"
