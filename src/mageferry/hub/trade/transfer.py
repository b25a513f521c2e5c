"""Marketplaces, accounts, sellers and locations as lines of an export: what routes refer to by their codes."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mageferry.hub.trade.models import Account, Location, Marketplace, Seller
from mageferry.hub.transfer import (
    FieldProblem,
    TransferKind,
    Unacceptable,
    find_by_code,
    register,
    save_checked,
)


class PartyDocument(BaseModel):
    """A marketplace, seller or location."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: str = Field(max_length=40)
    name: str = Field(max_length=100)


class AccountDocument(PartyDocument):
    """One store on one marketplace. `marketplace`: the code of that."""

    marketplace: str


def party_document(record: Any) -> dict[str, Any]:
    """Code and name."""
    return {"code": record.code, "name": record.name}


def account_document(record: Account) -> dict[str, Any]:
    """Code, name and the code of the marketplace."""
    return {**party_document(record), "marketplace": record.marketplace.code}


def _store_party(model: Any, content: dict[str, Any], record: Any) -> Any:
    document = PartyDocument.model_validate(content)
    record = record or model()
    record.code, record.name = document.code, document.name
    save_checked(record)
    return record


def _store_account(content: dict[str, Any], record: Account | None) -> Account:
    document = AccountDocument.model_validate(content)
    record = record or Account()
    marketplace = find_by_code(Marketplace, document.marketplace, "marketplace")
    if marketplace is None:
        raise Unacceptable([FieldProblem("marketplace", "is missing. Write the code of one.")])
    record.code, record.name, record.marketplace = document.code, document.name, marketplace
    save_checked(record)
    return record


register(
    TransferKind("marketplace", Marketplace, 10, party_document, partial(_store_party, Marketplace)),
    TransferKind("seller", Seller, 11, party_document, partial(_store_party, Seller)),
    TransferKind("location", Location, 12, party_document, partial(_store_party, Location)),
    TransferKind("account", Account, 13, account_document, _store_account),
)
