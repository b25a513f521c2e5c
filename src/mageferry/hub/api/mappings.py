"""The API of field mappings: the rows of a connector, the standard mapping, and what they make of a real record."""

from __future__ import annotations

from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status

from mageferry.hub.api import shapes
from mageferry.hub.api.access import MAY_ACT, MAY_READ, require
from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.mapping.comparison import NoPreview, Preview
from mageferry.hub.mapping.field_mappings import compile_rows
from mageferry.hub.mapping.models import FieldMapping
from mageferry.hub.mapping.preview import preview_record
from mageferry.hub.mapping.rules import OVERWRITE, MappingProblem, MappingRow, compile_row
from mageferry.hub.mapping.standard import StandardField, standard_mapping

router = Router()


class NewMapping(Schema):
    record: str = "order"
    direction: str = Field(description="from_magento or to_magento.")
    source: str = Field(description="JMESPath over the record that is read, or a constant.")
    target: str = Field(description="A field of the hub, or a place in what is sent.")
    mode: str = OVERWRITE
    position: int = Field(0, ge=0, le=32_767)
    active: bool = True
    note: str = ""


class Mapping(NewMapping):
    id: int


class MappingChange(Schema):
    record: str | None = None
    direction: str | None = None
    source: str | None = None
    target: str | None = None
    mode: str | None = None
    position: int | None = Field(None, ge=0, le=32_767)
    active: bool | None = None
    note: str | None = None


class StandardShape(Schema):
    direction: str
    record: str
    source: str
    target: str
    mappable: bool


class PreviewRequest(Schema):
    direction: Literal["from_magento", "to_magento"]
    record: Literal["order", "shipment", "refund", "product"] = "order"
    number: str = Field(
        "",
        description="From Magento: number or id, of a product SKU or id. To Magento: number of the order, or id in the "
        "hub. Empty: the newest.",
    )
    rows: list[NewMapping] | None = Field(None, description="Rows to try instead of the stored ones.")


class ChangeShape(Schema):
    place: str
    before: str
    after: str
    changed: bool


class PreviewShape(Schema):
    title: str
    changes: list[ChangeShape]
    problems: list[str]


@router.get("/mappings/standard", response=list[StandardShape])
def standard(request: HttpRequest) -> tuple[StandardField, ...]:
    """What is done without any row."""
    require(request, MAY_READ)
    return standard_mapping()


@router.get("/connectors/{int:pk}/mappings", response=list[Mapping])
def list_mappings(request: HttpRequest, pk: int) -> QuerySet[FieldMapping]:
    """The rows of a connector, in the order in which they are applied."""
    require(request, MAY_READ)
    return FieldMapping.objects.filter(connector=get_object_or_404(Magento2Connector, pk=pk))


@router.post("/connectors/{int:pk}/mappings", response={201: Mapping, 422: shapes.Problem})
def add_mapping(request: HttpRequest, pk: int, body: NewMapping) -> Status[Any]:
    """Add a row."""
    require(request, MAY_ACT)
    connector = get_object_or_404(Magento2Connector, pk=pk)
    return _save(FieldMapping(connector=connector, **body.dict()), 201)


@router.get("/mappings/{int:pk}", response=Mapping)
def mapping(request: HttpRequest, pk: int) -> FieldMapping:
    """One row."""
    require(request, MAY_READ)
    return get_object_or_404(FieldMapping, pk=pk)


@router.patch("/mappings/{int:pk}", response={200: Mapping, 422: shapes.Problem})
def change_mapping(request: HttpRequest, pk: int, body: MappingChange) -> Status[Any]:
    """Change a row; what isn't given stays."""
    require(request, MAY_ACT)
    row = get_object_or_404(FieldMapping, pk=pk)
    for name, value in body.dict(exclude_none=True).items():
        setattr(row, name, value)
    return _save(row, 200)


@router.delete("/mappings/{int:pk}", response={204: None})
def remove_mapping(request: HttpRequest, pk: int) -> Status[Any]:
    """Remove a row."""
    require(request, MAY_ACT)
    get_object_or_404(FieldMapping, pk=pk).delete()
    return Status(204, None)


@router.post(
    "/connectors/{int:pk}/mappings/preview",
    response={200: PreviewShape, 409: shapes.Problem, 422: shapes.Problem},
)
def preview(request: HttpRequest, pk: int, body: PreviewRequest) -> Status[Any]:
    """What the rows make of one real record. Nothing is stored or sent."""
    require(request, MAY_READ)
    require(request, MAY_ACT)
    connector = get_object_or_404(Magento2Connector, pk=pk)
    rows = [
        MappingRow(row.record, row.direction, row.source, row.target, row.mode) for row in body.rows or ()
    ]
    try:
        for row in rows:
            compile_row(row)
        chosen = None if body.rows is None else compile_rows(rows)
        shown: Preview = preview_record(connector, body.direction, body.record, body.number, chosen)
    except MappingProblem as problem:
        return Status(422, {"message": str(problem)})
    except NoPreview as error:
        return Status(409, {"message": str(error)})
    return Status(200, shown)


def _save(row: FieldMapping, status: int) -> Status[Any]:
    try:
        row.full_clean()
    except ValidationError as error:
        texts = [f"{name}: {' '.join(each)}" for name, each in error.message_dict.items()]
        return Status(422, {"message": " ".join(texts)})
    row.save()
    return Status(status, row)
