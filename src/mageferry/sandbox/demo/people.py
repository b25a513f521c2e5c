"""Buyers for demo orders: names and addresses by country, drawn with a seeded generator."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

FIRST_NAMES = (
    "Ada",
    "Bruno",
    "Chiara",
    "Dmitri",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Keiko",
    "Lena",
)
LAST_NAMES = (
    "Albrecht",
    "Byrne",
    "Castel",
    "D'Arcy",
    "Engström",
    "Fischer",
    "García",
    "Huang",
    "Ivers",
    "Jansen",
)
STREETS = (
    "Mill Lane",
    "Harbour Road",
    "Linden Street",
    "Station Avenue",
    "Orchard Close",
    "Canal Walk",
    "Hill Drive",
)


@dataclass(frozen=True, slots=True)
class Place:
    country_id: str
    city: str
    postcode: str
    region: str
    region_code: str
    region_id: int
    tax_percent: float


PLACES: dict[str, tuple[Place, ...]] = {
    "US": (
        Place("US", "Portland", "97205", "Oregon", "OR", 49, 0),
        Place("US", "Sacramento", "95814", "California", "CA", 12, 8.25),
        Place("US", "Albany", "12207", "New York", "NY", 43, 8),
    ),
    "DE": (
        Place("DE", "Leipzig", "04109", "Sachsen", "SAS", 91, 19),
        Place("DE", "Bremen", "28195", "Bremen", "BRE", 84, 19),
    ),
    "FR": (Place("FR", "Nantes", "44000", "Loire-Atlantique", "44", 225, 20),),
    "AU": (Place("AU", "Hobart", "7000", "Tasmania", "TAS", 574, 10),),
}


@dataclass(frozen=True, slots=True)
class Buyer:
    firstname: str
    lastname: str
    email: str
    street: tuple[str, ...]
    telephone: str
    place: Place


def draw_buyer(random: Random, country_id: str) -> Buyer:
    """A buyer of that country. Addresses use the reserved example domains."""
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    street = [f"{random.randint(1, 199)} {random.choice(STREETS)}"]
    if random.random() < 0.3:
        street.append(f"Apt {random.randint(1, 40)}")
    mailbox = f"{first}.{last}{random.randint(1, 99)}".lower().replace("'", "")
    plain = mailbox.encode("ascii", "ignore").decode()
    return Buyer(
        first,
        last,
        f"{plain}@example.com",
        tuple(street),
        f"555-{random.randint(100, 999)}-{random.randint(1000, 9999)}",
        random.choice(PLACES[country_id]),
    )
