"""What an entity is refused for.

RefusedEntity
└── UnknownSubject   it is about an order, product, location or seller that the hub doesn't have (yet)
"""

from __future__ import annotations


class RefusedEntity(Exception):
    """An entity that can't be taken over: `reason` says what is wrong and where in it, `remedy` how to mend it."""

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{reason} {remedy}")


class UnknownSubject(RefusedEntity):
    """It is about something that the hub doesn't have; it may be taken over once that is there. `what` is one of
    order, product, location, seller."""

    def __init__(self, what: str, reason: str, remedy: str) -> None:
        self.what = what
        super().__init__(reason, remedy)


REMEDY_OF_ORDER = "Compare it with the order in the hub, and correct whichever of the two is wrong."
