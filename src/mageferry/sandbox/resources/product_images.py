"""Images of products."""

from __future__ import annotations

import base64
import binascii
import re

from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import Value, to_string
from mageferry.sandbox.products import with_attributes
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.resources.catalog import load_product
from mageferry.sandbox.resources.product_writes import store_product
from mageferry.sandbox.routing import Call, route


def add_image(call: Call) -> Value:
    """Adds an image to a product. The new entry's id as text. Raises Refusal (400) for what is no image."""
    product = load_product(call, call.text("sku"))
    entry = call.record("entry")
    content = record(entry.get("content"))
    if not content:
        raise Refusal(400, "The image content is invalid. Verify the content and try again.")
    check_image(content)
    name = to_string(content.get("name"))
    if not name or re.search(r'[\\/?*:";<>()|{}]', name):
        raise Refusal(400, "Provided image name contains forbidden characters.")
    number = call.shop.database.next_id("media_gallery")
    file = f"/{_folder(name, 0)}/{_folder(name, 1)}/{name}"
    types = entry.get("types") if isinstance(entry.get("types"), list) else []
    kept = {key: entry.get(key) for key in ("media_type", "label", "position", "disabled")}
    added: Record = {"id": number, **kept, "types": types, "file": file}
    product["media_gallery_entries"] = [*records(product.get("media_gallery_entries")), added]
    roles = [to_string(role) for role in types] if isinstance(types, list) else []
    product["custom_attributes"] = with_attributes(product, dict.fromkeys(roles, file))
    product["updated_at"] = call.shop.clock.text()
    store_product(call.shop, product)
    return str(number)


def check_image(content: Record) -> None:
    """Raises Refusal (400) for what is not base64, or no PNG, JPEG or GIF."""
    try:
        data = base64.b64decode(to_string(content.get("base64_encoded_data")), validate=True)
    except binascii.Error:
        data = b""
    if not data:
        raise Refusal(400, "The image content must be valid base64 encoded data.")
    if not data.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8")):
        raise Refusal(400, "The image MIME type is not valid or not supported.")


def _folder(name: str, at: int) -> str:
    character = name[at : at + 1].lower()
    return "_" if character in ("", ".") else character


ROUTES = (
    route(
        "POST",
        "/V1/products/:sku/media",
        "Magento_Catalog::products",
        add_image,
        "sku:str entry:catalog-data-product-attribute-media-gallery-entry-interface",
    ),
)
