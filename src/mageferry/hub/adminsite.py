"""The admin's look: the only module that imports unfold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter, register
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

if TYPE_CHECKING:
    # unfold has no types; its classes are Django's with another look.
    from django.forms import PasswordInput as UnfoldAdminPasswordWidget

    _ModelAdmin = admin.ModelAdmin[Any]
    _StackedInline = admin.StackedInline[Any, Any]
    _TabularInline = admin.TabularInline[Any, Any]

    def action[F: Callable[..., Any]](**options: Any) -> Callable[[F], F]: ...

    def display[F: Callable[..., Any]](**options: Any) -> Callable[[F], F]: ...
else:
    from unfold.admin import ModelAdmin as _ModelAdmin
    from unfold.admin import StackedInline as _StackedInline
    from unfold.admin import TabularInline as _TabularInline
    from unfold.decorators import action, display
    from unfold.widgets import UnfoldAdminPasswordWidget

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


class SecretInput(UnfoldAdminPasswordWidget):
    """A password box that never shows what is stored."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, render_value=False)


def back_to(model: type[models.Model], pk: int) -> HttpResponse:
    """Back to the page of a record, after a button on it."""
    meta = model._meta
    return redirect(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=(pk,)))


__all__ = [
    "EmptyFieldListFilter",
    "HttpResponse",
    "ModelAdmin",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "SecretInput",
    "StackedInline",
    "TabularInline",
    "action",
    "back_to",
    "display",
    "register",
    "site",
]
