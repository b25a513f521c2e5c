"""The admin's look: the only module that imports unfold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter, SimpleListFilter, register
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import make_aware

if TYPE_CHECKING:
    # unfold has no types; its classes are Django's with another look.
    from django.contrib.admin import DateFieldListFilter as _MomentFilter
    from django.forms import CheckboxInput as UnfoldBooleanWidget
    from django.forms import NumberInput as UnfoldAdminNumberInput
    from django.forms import PasswordInput as UnfoldAdminPasswordWidget
    from django.forms import Select as UnfoldAdminSelectWidget
    from django.forms import Textarea as UnfoldAdminTextareaWidget
    from django.forms import TextInput as UnfoldAdminTextInputWidget

    _ModelAdmin = admin.ModelAdmin[Any]
    _StackedInline = admin.StackedInline[Any, Any]
    _TabularInline = admin.TabularInline[Any, Any]

    def action[F: Callable[..., Any]](**options: Any) -> Callable[[F], F]: ...

    def display[F: Callable[..., Any]](**options: Any) -> Callable[[F], F]: ...
else:
    from unfold.admin import ModelAdmin as _ModelAdmin
    from unfold.admin import StackedInline as _StackedInline
    from unfold.admin import TabularInline as _TabularInline
    from unfold.contrib.filters.admin import RangeDateTimeFilter as _MomentFilter
    from unfold.decorators import action, display
    from unfold.widgets import UnfoldAdminIntegerFieldWidget as UnfoldAdminNumberInput
    from unfold.widgets import (
        UnfoldAdminPasswordWidget,
        UnfoldAdminSelectWidget,
        UnfoldAdminTextareaWidget,
        UnfoldAdminTextInputWidget,
        UnfoldBooleanWidget,
    )

site = admin.site


class ModelAdmin(_ModelAdmin):
    """A page of records."""

    list_per_page = 50
    warn_unsaved_form = True

    @classmethod
    def add_inline(cls, inline: type[admin.options.InlineModelAdmin[Any, Any]]) -> None:
        """Rows of a table that this page's own room doesn't know of."""
        cls.inlines = (*cls.inlines, inline)


class ReadOnlyAdmin(ModelAdmin):
    """A page of records that the hub writes and a person only reads."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class TabularInline(_TabularInline):
    """Rows inside a record, as a table."""

    extra = 0


class StackedInline(_StackedInline):
    """Rows inside a record, one below the other."""

    extra = 0


class ReadOnlyInline(TabularInline):
    """Rows inside a record that the hub writes."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MomentFilter(_MomentFilter):
    """From one moment to another, in the hub's time zone; without a time of day the whole day."""

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        for end, lookup, time_of_day in (("from", "gte", "00:00:00"), ("to", "lte", "23:59:59.999999")):
            date, time = (self._given(f"{self.field_path}_{end}_{part}") for part in (0, 1))
            try:
                moment = parse_datetime(f"{date} {time or time_of_day}") if date else None
            except ValueError:
                moment = None
            if moment is not None:
                queryset = queryset.filter(**{f"{self.field_path}__{lookup}": make_aware(moment)})
        return queryset

    def _given(self, name: str) -> str:
        return str(self.used_parameters.get(name) or "")


class SecretInput(UnfoldAdminPasswordWidget):
    """A password box that never shows what is stored."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, render_value=False)


TextInput = UnfoldAdminTextInputWidget
NumberInput = UnfoldAdminNumberInput
Textarea = UnfoldAdminTextareaWidget
Select = UnfoldAdminSelectWidget
Checkbox = UnfoldBooleanWidget


def back_to(model: type[models.Model], pk: int) -> HttpResponse:
    """Back to the page of a record, after a button on it."""
    meta = model._meta
    return redirect(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=(pk,)))


__all__ = [
    "Checkbox",
    "EmptyFieldListFilter",
    "HttpResponse",
    "ModelAdmin",
    "MomentFilter",
    "NumberInput",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "SecretInput",
    "Select",
    "SimpleListFilter",
    "StackedInline",
    "TabularInline",
    "TextInput",
    "Textarea",
    "action",
    "back_to",
    "display",
    "register",
    "site",
]
