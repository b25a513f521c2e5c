"""Amounts as Magento prints them into its messages."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Currencies that are printed by code or by letters, with a blank between.
_WORDS: Final = re.compile(
    r"(?:AED|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MAD|MXN|MYR|NOK"
    r"|NZD|PHP|PLN|RON|RSD|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR|kr\.?|zł|Kč|Ft|lei)\Z"
)
_BLANK = "[ \u00a0\u202f]"
_AMOUNT = re.compile(
    rf"(?P<minus>[-\u2212]?)(?P<before>\D{{0,6}}?)"
    rf"(?P<number>-?\d(?:[\d.,'’]|{_BLANK}(?=\d))*)(?P<after>\D{{0,6}})\Z"
)
_LETTERS_AND_SIGN = re.compile(r"[A-Z]{0,3}(?P<sign>.)\Z")


def strip_currency(text: str) -> str:
    """The number's own text when `text` is nothing but an amount of money, else `text` as it is.

    `$15.00` -> `15.00`, `-CA$5.00` -> `-5.00`, `15,00 €` -> `15,00`, `5 pieces` stays.
    """
    match = _AMOUNT.match(text.strip())
    if match is None:
        return text
    before, after = match["before"], match["after"]
    if bool(before) == bool(after) or not _is_currency(before, after):
        return text
    return f"{match['minus']}{match['number']}".replace("\u2212", "-")


def _is_currency(before: str, after: str) -> bool:
    word = before.strip() or after.strip()
    if _WORDS.match(word):
        # A blank tells "CHF 15.00" from an article number such as "CHF15".
        return before != before.rstrip() or after != after.lstrip()
    match = _LETTERS_AND_SIGN.match(word)
    return match is not None and unicodedata.category(match["sign"]) == "Sc"
