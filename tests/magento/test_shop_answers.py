"""What shops say, one row for each kind of refusal: the text that a person reads, its class, and what to do.

The bodies have the shapes and the texts of Magento 2.4.7; names, numbers and ids are made up.
"""

from dataclasses import dataclass
from http import HTTPStatus

import orjson
import pytest

from mageferry.http import Headers, Request, Response
from mageferry.magento import (
    AlreadyExists,
    ConfigurationError,
    MagentoError,
    NotFound,
    Rejected,
    SignInError,
    Transient,
    Unclear,
)
from mageferry.magento.errors import error_for

READ = Request("GET", "https://shop.example/rest/V1/orders/7")
WRITE = Request("POST", "https://shop.example/rest/V1/order/7/ship")
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=UTF-8"
CRASH = "An error has happened during application run. See exception log for details."


@dataclass(frozen=True)
class Row:
    """An answer: its status, its body (an object is sent as JSON), and what is made of it."""

    status: int
    body: object
    kind: type[MagentoError]
    message: str
    remedy: str
    """The beginning of the advice."""
    content_type: str = JSON
    request: Request = WRITE

    def response(self) -> Response:
        body = self.body.encode() if isinstance(self.body, str) else orjson.dumps(self.body)
        return Response(self.status, Headers({"content-type": self.content_type}), body)


def said(text: str, parameters: object = None, errors: object = None) -> dict[str, object]:
    """An error body as Magento makes it; what there is none of is left out."""
    found = {"message": text, "parameters": parameters, "errors": errors}
    return {name: value for name, value in found.items() if value is not None}


REFUSED_DATA = [
    Row(
        400,
        said("Maximum shipping amount allowed to refund is: %1", ["€4.90"]),
        Rejected,
        "Maximum shipping amount allowed to refund is: 4.90",
        "Correct what the message names",
    ),
    Row(
        400,
        said('"%fieldName" is required. Enter and try again.', {"fieldName": "entity"}),
        Rejected,
        '"entity" is required. Enter and try again.',
        "Correct what the message names",
    ),
    Row(
        400,
        said(
            "One or more input exceptions have occurred.",
            errors=[
                said('"%fieldName" is required. Enter and try again.', {"fieldName": "username"}),
                said('"%1" is required. Enter and try again.', ["password"]),
            ],
        ),
        Rejected,
        "One or more input exceptions have occurred.\n"
        '"username" is required. Enter and try again.\n"password" is required. Enter and try again.',
        "Correct what the message names",
    ),
    Row(
        400,
        said(
            'Validation Failed: "quantity" should be numeric.',
            errors=[said('"%field" should be numeric.', {"field": "quantity"})],
        ),
        Rejected,
        'Validation Failed: "quantity" should be numeric.',
        "Correct what the message names",
    ),
    Row(
        400,
        said(
            'Validation Failed: Not able to assign "%1" to product "%2", as it is part of bundle product '
            '<a href="%3">"%4"</a>.',
            ["depot", "LAMP-7", "https://shop.example/edit/7/", "CAMP-SET"],
        ),
        Rejected,
        'Validation Failed: Not able to assign "depot" to product "LAMP-7", as it is part of bundle product '
        '"CAMP-SET".',
        "Correct what the message names",
    ),
    Row(
        400,
        said(
            'Unable to add comment: The status "%1" is not part of the order\n                 status history.',
            ["packed"],
        ),
        Rejected,
        'Unable to add comment: The status "packed" is not part of the order status history.',
        "Correct what the message names",
    ),
    Row(
        400,
        said(
            "Shipment Document Validation Error(s):\nThe order does not allow a shipment to be created.\n"
            "You can't create a shipment without products."
        ),
        Rejected,
        "Shipment Document Validation Error(s):\nThe order does not allow a shipment to be created.\n"
        "You can't create a shipment without products.",
        "Correct what the message names",
    ),
    Row(
        400,
        said("Could not save a shipment, see error log for details"),
        Rejected,
        "Could not save a shipment, see error log for details",
        "Magento says the same for three things",
    ),
    Row(
        400,
        said("The shipment couldn't be saved."),
        Rejected,
        "The shipment couldn't be saved.",
        "Ship through /V1/order/{id}/ship",
    ),
    Row(400, said("Could not save Source Item"), Rejected, "Could not save Source Item", "A source code"),
    Row(
        400,
        said("Please provide payment for the order."),
        Rejected,
        "Please provide payment for the order.",
        "Send payment.method",
    ),
    Row(
        400,
        said("Invalid product data: %1", ["Invalid attribute set entity type"]),
        Rejected,
        "Invalid product data: Invalid attribute set entity type",
        "A new product needs",
    ),
    Row(
        400,
        said("We can't save the address:\n%1", ["Email has a wrong format"]),
        Rejected,
        "We can't save the address:\nEmail has a wrong format",
        "Correct what the message names",
    ),
    Row(
        400,
        said("Maximum SearchCriteria pageSize is %max", {"max": 50}),
        Rejected,
        "Maximum SearchCriteria pageSize is 50",
        "Ask for smaller pages",
    ),
    Row(
        400,
        said('Maximum items of type "%type" is %max', {"type": r"\Api\Data\ItemInterface", "max": 20}),
        Rejected,
        r'Maximum items of type "\Api\Data\ItemInterface" is 20',
        "Send fewer records at once",
    ),
    Row(
        400,
        said("Server cannot understand Content-Type HTTP header media type text/csv"),
        Rejected,
        "Server cannot understand Content-Type HTTP header media type text/csv",
        "Send application/json",
    ),
    Row(
        400,
        said("Unique constraint violation found"),
        AlreadyExists,
        "Unique constraint violation found",
        "A record with this key exists",
    ),
]
NOWHERE = [
    Row(
        404,
        said("No such entity with %fieldName = %fieldValue", {"fieldName": "customerId", "fieldValue": 31}),
        NotFound,
        "No such entity with customerId = 31",
        "Check the id",
    ),
    Row(
        404,
        said('The Product with the "%1" SKU doesn\'t exist.', ["LAMP-9"]),
        NotFound,
        'The Product with the "LAMP-9" SKU doesn\'t exist.',
        "Check the id",
    ),
    Row(
        404,
        said('Source with code "%value" does not exist.', {"value": "depot"}),
        NotFound,
        'Source with code "depot" does not exist.',
        "Check the id",
    ),
    Row(
        404,
        said("Request does not match any route."),
        ConfigurationError,
        "Request does not match any route.",
        "This shop has no such REST route",
    ),
    Row(
        400,
        said("Specified request cannot be processed."),
        ConfigurationError,
        "Specified request cannot be processed.",
        "The store code in the address is unknown",
    ),
    Row(
        404,
        "<!doctype html><html><head><title>404 Not Found</title></head><body><h1>Whoops</h1></body></html>",
        ConfigurationError,
        "The server answered 404 Not Found with an HTML page: Whoops",
        "What answers is not Magento's REST API",
        content_type=HTML,
    ),
]
NOT_LET_IN = [
    Row(
        401,
        said(
            "The consumer isn't authorized to access %resources.", {"resources": "Magento_Sales::creditmemo"}
        ),
        SignInError,
        "The consumer isn't authorized to access Magento_Sales::creditmemo.",
        "Give the user's role this resource",
    ),
    Row(
        401,
        said(
            "The account sign-in was incorrect or your account is disabled temporarily. "
            "Please wait and try again later."
        ),
        SignInError,
        "The account sign-in was incorrect or your account is disabled temporarily. "
        "Please wait and try again later.",
        "Magento says the same for a wrong user name",
    ),
    Row(
        401,
        said("The nonce is already being used by the consumer with ID %1", ["4"]),
        SignInError,
        "The nonce is already being used by the consumer with ID 4",
        "A request was repeated with the same signature",
    ),
    Row(
        401,
        said("The signature is invalid. Verify and try again."),
        SignInError,
        "The signature is invalid. Verify and try again.",
        "Check consumer secret",
    ),
    Row(
        400,
        said("Signature method %1 is not supported", ["HMAC-SHA1"]),
        SignInError,
        "Signature method HMAC-SHA1 is not supported",
        "Magento 2.4.4 and later",
    ),
    Row(
        400,
        said(
            "Please use the 2fa provider-specific endpoints to obtain a token.",
            {"active_providers": ["google"]},
        ),
        SignInError,
        "Please use the 2fa provider-specific endpoints to obtain a token.",
        "This user signs in with a second factor",
    ),
    Row(
        401,
        "oauth_problem=Token+verifier+and+verifier+token+do+not+match",
        SignInError,
        "Token verifier and verifier token do not match",
        "Check the credentials of this connection",
        content_type=HTML,
    ),
    Row(
        401,
        "oauth_problem=Consumer+key+has+expired",
        SignInError,
        "Consumer key has expired",
        "Activate the integration again",
        content_type=HTML,
    ),
]
BROKEN = [
    Row(
        500,
        said("Internal Error. Details are available in Magento log file. Report ID: webapi-61c0ffee12345"),
        Transient,
        "Internal Error. Details are available in Magento log file. Report ID: webapi-61c0ffee12345",
        "Look up the report id",
        request=READ,
    ),
    Row(500, f"{CRASH}\n", Transient, CRASH, "Look into var/log", content_type="text/plain", request=READ),
    Row(500, f"{CRASH}\n", Unclear, CRASH, "Look in the shop whether it happened", content_type="text/plain"),
    Row(
        500,
        {
            "messages": {
                "error": [{"code": 500, "message": "Server internal error. See details in report api/9"}]
            }
        },
        Transient,
        "Server internal error. See details in report api/9",
        "Look up the report in var/report/api",
        request=READ,
    ),
    Row(
        500,
        '<?xml version="1.0"?><error><messages><error><data_item><code>500</code><message><![CDATA[Server '
        "internal error. See details in report api/9]]></message></data_item></error></messages></error>",
        Transient,
        "Server internal error. See details in report api/9",
        "Look up the report in var/report/api",
        content_type="application/xml; charset=UTF-8",
        request=READ,
    ),
    Row(
        500,
        "<!doctype html>\n<html>\n<head>\n    <title>There has been an error processing your request</title>\n"
        f'    <base href="{CRASH}\n',
        Unclear,
        CRASH,
        "Look in the shop whether it happened",
        content_type="text/plain;charset=UTF-8",
    ),
    Row(
        503,
        "<!doctype html><html><head><title>Error 503: Service Unavailable</title></head><body><h1>Service "
        "Temporarily Unavailable</h1><p>The server is temporarily unable to service your request due to "
        "maintenance downtime or capacity problems.</p></body></html>",
        Transient,
        "The server answered 503 Service Unavailable with an HTML page: Service Temporarily Unavailable",
        "The shop is in maintenance",
        content_type=HTML,
    ),
    Row(
        414,
        "<html><head><title>414 Request-URI Too Large</title></head><body><center><h1>414 Request-URI Too "
        "Large</h1></center><hr><center>nginx</center></body></html>",
        Rejected,
        f"The server answered 414 {HTTPStatus(414).phrase} with an HTML page: 414 Request-URI Too Large",
        "The address is too long",
        content_type="text/html",
    ),
]


@pytest.mark.parametrize(
    "row",
    [*REFUSED_DATA, *NOWHERE, *NOT_LET_IN, *BROKEN],
    ids=lambda row: row.message[:60].replace("\n", " "),
)
def test_an_answer_becomes_one_readable_text_with_what_to_do(row: Row) -> None:
    error = error_for(row.request, row.response())

    assert error.message == row.message
    assert type(error) is row.kind
    assert error.remedy.startswith(row.remedy), error.remedy
