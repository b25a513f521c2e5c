"""Carriers: the hub's names to Magento's codes and back, through the connector's courier map. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CUSTOM = "custom"
# The carriers that every Magento knows by itself.
KNOWN_CODES = frozenset({"dhl", "fedex", "ups", "usps"})


def code_for(names: Sequence[str], courier_map: Mapping[str, str]) -> str:
    """Magento's carrier_code for the first of the carrier's names that is known; `custom` when none is.

    A name is known when the map has it (upper or lower case), or when it is a code itself.
    """
    folded = {name.strip().casefold(): code for name, code in courier_map.items()}
    codes = KNOWN_CODES | set(courier_map.values())
    for name in names:
        word = name.strip()
        if word.casefold() in folded:
            return folded[word.casefold()]
        if word in codes:
            return word
    return CUSTOM


def carrier_for(code: str, title: str, courier_map: Mapping[str, str]) -> str:
    """The hub's name of the carrier of a track; its title when the map has no carrier with this code.

    Of several carriers with one code the one that is the title goes first, then the first in the map.
    """
    names = [name for name, mapped in courier_map.items() if mapped == code]
    if not names or title in names:
        return title or code
    return names[0]
