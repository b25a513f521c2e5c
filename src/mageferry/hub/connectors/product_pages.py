"""Pages of products, of what the shops say of them, and of the stock at the locations."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from mageferry.hub import adminsite
from mageferry.hub.connectors.models import ProductMagento
from mageferry.hub.connectors.product_values import give_back
from mageferry.hub.trade.models import LocationQuantity, Product


class EditedFilter(adminsite.SimpleListFilter):
    """Products of which a person changed something."""

    title = "edited"
    parameter_name = "edited"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "By a person"), ("no", "Not at all")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if self.value() == "yes":
            return queryset.exclude(edited_fields=[])
        return queryset.filter(edited_fields=[]) if self.value() == "no" else queryset


class InStockFilter(adminsite.SimpleListFilter):
    """Quantities above 0, or of 0."""

    title = "stock"
    parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("some", "In stock"), ("none", "Out of stock")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[LocationQuantity]
    ) -> QuerySet[LocationQuantity]:
        if self.value() == "some":
            return queryset.filter(quantity__gt=0)
        return queryset.filter(quantity__lte=0) if self.value() == "none" else queryset


class LocationQuantityInline(adminsite.TabularInline):
    model = LocationQuantity
    fields = ("location", "quantity", "origin", "updated_at")
    readonly_fields = ("origin", "updated_at")
    tab = True


class ProductMagentoInline(adminsite.ReadOnlyInline):
    model = ProductMagento
    fields = (
        "magento2_connector", "store_code", "entity_id", "sku", "name", "status", "price", "weight", "attributes",
        "leads", "remote_updated_at",
    )  # fmt: skip
    readonly_fields = fields
    tab = True


@adminsite.register(Product)
class ProductAdmin(adminsite.ModelAdmin):
    """What a person changes here is noted and stays, whatever the shop says; the button gives it back to the shop."""

    list_display = ("sku", "name", "product_type", "price", "active", "shown_edited", "updated_at")
    list_filter = ("active", "product_type", EditedFilter, "magento__magento2_connector")
    search_fields = ("sku", "name", "magento__sku", "=magento__entity_id")
    readonly_fields = ("shown_edited", "updated_at")
    fields = ("sku", "name", ("product_type", "active"), ("price", "weight"), ("shown_edited", "updated_at"))
    inlines = (LocationQuantityInline, ProductMagentoInline)
    actions = ("give_back_to_shop",)
    actions_detail = ("give_this_back_to_shop",)

    @adminsite.display(description="edited fields")
    def shown_edited(self, product: Product) -> str:
        names = {field.name: str(field.verbose_name) for field in Product._meta.fields}
        return ", ".join(names[name] for name in product.edited_fields) or "-"

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        obj.keep_edited(form.changed_data)
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for each in formset.forms:
            if isinstance(each.instance, LocationQuantity) and "quantity" in each.changed_data:
                each.instance.origin = ""
        super().save_formset(request, form, formset, change)

    @adminsite.action(description="Give the edited fields back to Magento", permissions=["change"])
    def give_back_to_shop(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        count = give_back(queryset)
        self.message_user(request, f"{count} products have the shop's values again.")

    @adminsite.action(
        description="Give the edited fields back to Magento", url_path="give-back", permissions=["change"]
    )
    def give_this_back_to_shop(self, request: HttpRequest, object_id: int) -> HttpResponse:
        count = give_back(Product.objects.filter(pk=object_id))
        words = "The product has the shop's values again." if count else "Nothing of it was edited."
        self.message_user(request, words, messages.SUCCESS if count else messages.INFO)
        return adminsite.back_to(Product, object_id)

    def has_give_this_back_to_shop_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(self.has_change_permission(request))


@adminsite.register(ProductMagento)
class ProductMagentoAdmin(adminsite.ReadOnlyAdmin):
    list_display = (
        "sku", "name", "magento2_connector", "store_code", "entity_id", "product_type", "status", "price", "leads",
        "remote_updated_at",
    )  # fmt: skip
    list_filter = ("magento2_connector", "store_code", "status", "product_type")
    search_fields = ("sku", "name", "=entity_id")
    list_select_related = ("magento2_connector",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A row of a product that is gone from the shop may be deleted; one that is not comes again."""
        return bool(super(adminsite.ReadOnlyAdmin, self).has_delete_permission(request, obj))


@adminsite.register(LocationQuantity)
class LocationQuantityAdmin(adminsite.ReadOnlyAdmin):
    """Quantities are changed on the product's page."""

    list_display = ("product", "location", "quantity", "origin", "updated_at")
    list_filter = ("location", InStockFilter, "origin")
    search_fields = ("product__sku", "product__name")
    list_select_related = ("product", "location")
    date_hierarchy = "updated_at"
