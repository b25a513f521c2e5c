"""Fields of a remote record, checked as they are read. Pure: no database, no network.

What is right passes at once, all texts or all amounts of an object together, without a step of Python for each: an
import of thousands of orders spends its time here. Only what is odd is looked at one by one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from mageferry.hub.mapping.amounts import FOUR_PLACES, ZERO
from mageferry.magento.types import moment, money

MEND = "Mend it in the shop; it is read again with the next run."
# What a column of 20 digits with 4 places takes.
LIMIT = Decimal(10) ** 15


class UnusableRecord(Exception):
    """A remote record that can't be taken over: what is wrong with it and what a person can do."""

    def __init__(self, reason: str, remedy: str = MEND) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(reason)


class Texts:
    """Names of texts with the longest length of each: that of the column that takes it."""

    __slots__ = ("_roomy", "_tight", "blanks", "limits", "names")

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.names, self.limits = tuple(limits), tuple(limits.values())
        self.blanks = ("",) * len(self.names)
        # What together isn't longer than the longest limit can only be too long for one of the shorter limits.
        self._roomy = max(self.limits)
        self._tight = tuple((place, limit) for place, limit in enumerate(self.limits) if limit < self._roomy)

    def fit(self, values: Sequence[str]) -> bool:
        """Whether all are surely texts that their columns take; if not, they have to be looked at one by one."""
        try:
            together = "".join(values)
        except TypeError:
            return False
        if len(together) > self._roomy or "\x00" in together:
            return False
        for place, limit in self._tight:  # noqa: SIM110 - a generator would cost more than what it goes through
            if len(values[place]) > limit:
                return False
        return True


class Fields:
    """Fields of one JSON object, each checked, with a name for messages. Raises UnusableRecord."""

    __slots__ = ("_label", "_prefix", "_raw", "subject")

    def __init__(self, raw: Mapping[str, Any], subject: str, prefix: str = "", label: str = "") -> None:
        self._raw, self.subject, self._prefix, self._label = raw, subject, prefix, label

    def refusal(self, name: str, problem: str) -> UnusableRecord:
        """What to raise when a field can't be used."""
        label = f"{self._raw.get(self._label)} " if self._label else ""
        return UnusableRecord(f"{self.subject}: {self._prefix}{label}{name} {problem}.")

    def amounts(self, names: Sequence[str]) -> list[Decimal]:
        """Amounts and quantities by name, to four places; what is missing is 0."""
        values = list(map(self._raw.get, names))
        # True would be found as 1: Python takes them for the same key.
        if bool in map(type, values):
            return [self._amount(name) for name in names]
        try:
            return list(map(_AMOUNTS.__getitem__, values))
        except (TypeError, ValueError, ArithmeticError):
            return [self._amount(name) for name in names]

    def _amount(self, name: str) -> Decimal:
        value = self._raw.get(name)
        try:
            return ZERO if value is None else _amount(value)
        except (TypeError, ValueError, ArithmeticError):
            raise self.refusal(name, f"is not a number: {value!r:.60}") from None

    def texts(self, wanted: Texts) -> list[str]:
        """Texts, in the order wanted; what is missing is empty."""
        if len(wanted.names) == 1:
            return [self._text(wanted.names[0], wanted.limits[0])]
        values = list(map(self._raw.get, wanted.names, wanted.blanks))
        return values if wanted.fit(values) else list(map(self._text, wanted.names, wanted.limits))

    def _text(self, name: str, limit: int) -> str:
        value = self._raw.get(name)
        if type(value) is str and len(value) <= limit and "\x00" not in value:
            return value
        if value is None:
            return ""
        if not isinstance(value, str | int | float):
            raise self.refusal(name, f"is not a text: {value!r:.60}")
        text = str(value)
        if "\x00" in text:
            raise self.refusal(name, "holds a NUL character")
        if len(text) > limit:
            raise self.refusal(name, f"is longer than {limit} characters")
        return text

    def id(self, name: str) -> int:
        """A remote id."""
        value = self._raw.get(name)
        # Magento sends some ids as text.
        if type(value) is str and value.isascii() and value.isdigit() and len(value) < 20:
            value = int(value)
        if type(value) is not int or not 0 <= value < 2**63:
            raise self.refusal(name, f"is not an id: {value!r:.60}")
        return value

    def optional_id(self, name: str) -> int | None:
        """A remote id, None when it is missing."""
        return None if self._raw.get(name) is None else self.id(name)

    def moment(self, name: str) -> dt.datetime:
        """A date with time, in UTC."""
        value = self._raw.get(name)
        try:
            return moment(value)
        except (TypeError, ValueError):
            raise self.refusal(name, f"is not a date: {value!r:.60}") from None

    def mapping(self, name: str) -> dict[str, Any]:
        """An object; what is none is empty."""
        value = self._raw.get(name)
        return value if isinstance(value, dict) else {}


def _amount(value: object) -> Decimal:
    """A JSON number from its text, to four places as Magento stores amounts.

    Raises ValueError, TypeError or ArithmeticError for what is no amount.
    """
    number = money(value).quantize(FOUR_PLACES)
    if not -LIMIT < number < LIMIT:
        raise ValueError("out of range")
    return number


class _KnownAmounts(dict[Any, Decimal]):
    """JSON numbers and what they are as amounts: amounts recur, and reading one takes much longer than finding it."""

    _MOST = 16_384

    def __missing__(self, value: object) -> Decimal:
        amount = _amount(value)
        if len(self) >= self._MOST:
            self.clear()
            self[None] = ZERO
        self[value] = amount
        return amount


_AMOUNTS = _KnownAmounts({None: ZERO})
