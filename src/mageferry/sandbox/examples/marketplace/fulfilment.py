"""What sellers tell Quayside Market: that something left, that money goes back. Each is checked against its order."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from mageferry.sandbox.examples.calls import Refused
from mageferry.sandbox.examples.marketplace.book import Book, Record
from mageferry.sandbox.examples.marketplace.sales import cents


def ship(book: Book, order: Record, sent: Record) -> Record:
    """A shipment of lines with a carrier and tracking numbers; of all that is left when it names none."""
    _check_state(order, ("ready_to_ship", "partially_shipped"))
    carrier = sent.get("carrier")
    numbers = sent.get("tracking_numbers", [])
    problems = []
    if not isinstance(carrier, str) or not carrier.strip():
        problems.append(_problem("carrier", "is required"))
    if not isinstance(numbers, list) or not all(isinstance(each, str) and each for each in numbers):
        problems.append(_problem("tracking_numbers", "must be a list of texts"))
    quantities = _quantities(order, sent, "shipped", problems)
    _refuse(problems)
    for line in order["lines"]:
        line["shipped"] += quantities.get(line["line_id"], 0)
    done = all(line["shipped"] >= line["quantity"] for line in order["lines"])
    order["state"] = "shipped" if done else "partially_shipped"
    book.change(order)
    content = {
        "carrier": carrier,
        "tracking_numbers": numbers,
        "shipped_at": sent.get("shipped_at"),
        "lines": _lines(quantities),
    }
    return book.add_news("shipment", order["id"], content)


def refund(book: Book, order: Record, sent: Record) -> Record:
    """Money that goes back to the buyer, and perhaps units; at most what the order is worth."""
    if order["state"] == "awaiting_payment":
        _check_state(order, ("ready_to_ship",))
    problems: list[Record] = []
    amount = _amount(order, sent, problems)
    quantities = _quantities(order, sent, "refunded", problems, all_when_none=False)
    already = sum((Decimal(each["amount"]["value"]) for each in book.news("refund", order["id"])), Decimal(0))
    left = Decimal(order["totals"]["grand_total"]) - already
    if amount > left:
        problems.append(_problem("amount.value", f"is more than the {cents(left)} that is left"))
    _refuse(problems)
    for line in order["lines"]:
        line["refunded"] += quantities.get(line["line_id"], 0)
    book.change(order)
    money = {"value": cents(amount), "currency": order["currency"]}
    content = {"amount": money, "reason": str(sent.get("reason") or ""), "lines": _lines(quantities)}
    return book.add_news("refund", order["id"], content)


def _amount(order: Record, sent: Record, problems: list[Record]) -> Decimal:
    money = sent.get("amount")
    if not isinstance(money, dict):
        problems.append(_problem("amount", 'must be {"value": "12.50", "currency": "EUR"}'))
        return Decimal(0)
    if money.get("currency") != order["currency"]:
        problems.append(_problem("amount.currency", f"must be {order['currency']}"))
    try:
        value = Decimal(str(money.get("value")))
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0 or value.as_tuple().exponent not in (0, -1, -2):
        problems.append(_problem("amount.value", "must be above 0, with at most two places"))
        return Decimal(0)
    return value


def _quantities(
    order: Record, sent: Record, counter: str, problems: list[Record], *, all_when_none: bool = True
) -> dict[str, int]:
    left = {line["line_id"]: line["quantity"] - line[counter] for line in order["lines"]}
    asked = sent.get("lines")
    if asked is None or asked == []:
        return {line_id: count for line_id, count in left.items() if count} if all_when_none else {}
    quantities: dict[str, int] = {}
    for place, entry in enumerate(asked if isinstance(asked, list) else [asked]):
        line_id, count = _line(entry)
        if line_id not in left:
            problems.append(_problem(f"lines[{place}].line_id", "is no line of this order"))
        elif count < 1:
            problems.append(_problem(f"lines[{place}].quantity", "must be a whole number above 0"))
        else:
            quantities[line_id] = quantities.get(line_id, 0) + count
            if quantities[line_id] > left[line_id]:
                text = f"is more than the {left[line_id]} that are left"
                problems.append(_problem(f"lines[{place}].quantity", text))
    return quantities


def _line(entry: object) -> tuple[str, int]:
    """Which line, and how many of it; 0 for what is no whole number."""
    named = entry if isinstance(entry, dict) else {}
    count = named.get("quantity")
    return str(named.get("line_id")), count if isinstance(count, int) and not isinstance(count, bool) else 0


def _check_state(order: Record, states: Sequence[str]) -> None:
    if order["state"] not in states:
        raise Refused(409, "wrong_state", f"Order {order['id']} is {order['state']}.")


def _problem(field: str, message: str) -> Record:
    return {"field": field, "message": message}


def _refuse(problems: Sequence[Record]) -> None:
    if problems:
        raise Refused(422, "invalid", "The request has errors.", details=list(problems))


def _lines(quantities: dict[str, int]) -> list[dict[str, Any]]:
    return [{"line_id": line_id, "quantity": count} for line_id, count in quantities.items()]
