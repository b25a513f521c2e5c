import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.magento import normalise
from mageferry.magento.currency import strip_currency
from mageferry.magento.wire import Origin, fill

RECORD_PAGE = b"""<!doctype html>
<html><head><title>There has been an error processing your request</title></head>
<body><h1>There has been an error processing your request</h1>
<p><em>Exception printing is disabled by default for security reasons.</em></p>
<p>Error log record number: 2873f84ccc9fdd7f43b98dc443670d8d</p></body></html>"""

HALF_PAGE = b"""<!doctype html>
<html><head><title>There has been an error processing your request</title>
<base href="An error has happened during application run. See exception log for details.
"""

MAINTENANCE = b"""<!doctype html><html><head><title>Error 503: Service Unavailable</title></head><body>
<h1>Service Temporarily Unavailable</h1><p>The server is temporarily unable to service your request due to
maintenance downtime or capacity problems.</p></body></html>"""


def text(status: int, body: str | bytes, content_type: str = "application/json") -> str:
    return normalise(status, content_type, body.encode() if isinstance(body, str) else body).message


def test_a_record_page_is_one_line() -> None:
    assert text(500, RECORD_PAGE, "text/html") == (
        "There has been an error processing your request. "
        "Error log record number: 2873f84ccc9fdd7f43b98dc443670d8d"
    )


def test_a_numbered_placeholder_is_filled_and_an_amount_loses_its_sign() -> None:
    body = '{"message":"Maximum shipping amount allowed to refund is: %1","parameters":["£0.99"]}'
    assert text(400, body) == "Maximum shipping amount allowed to refund is: 0.99"


def test_a_named_placeholder_is_filled() -> None:
    body = (
        '{"message":"\\"%fieldName\\" is required. Enter and try again.","parameters":{"fieldName":"entity"}}'
    )
    assert text(400, body) == '"entity" is required. Enter and try again.'


def test_nested_errors_follow_the_message() -> None:
    body = """{"message":"One or more input exceptions have occurred.","errors":[
        {"message":"\\"%fieldName\\" is required.","parameters":{"fieldName":"username"}},
        {"message":"\\"%1\\" is required.","parameters":["password"]}]}"""
    assert text(400, body) == (
        'One or more input exceptions have occurred.\n"username" is required.\n"password" is required.'
    )


def test_a_nested_error_that_the_message_repeats_is_not_said_twice() -> None:
    body = """{"message":"Validation Failed: \\"status\\" should be numeric.",
        "errors":[{"message":"\\"%field\\" should be numeric.","parameters":{"field":"status"}}]}"""
    assert text(400, body) == 'Validation Failed: "status" should be numeric.'


def test_the_last_words_of_php_are_read() -> None:
    body = '{"messages":{"error":[{"code":500,"message":"Server internal error. See report api\\/2"}]}}'
    assert text(500, body) == "Server internal error. See report api/2"


def test_lines_of_a_validation_stay_lines_and_an_indented_one_is_joined() -> None:
    assert text(
        400, '{"message":"Validation Error(s):\\nOne.\\nThe status is not of\\n        the order."}'
    ) == ("Validation Error(s):\nOne.\nThe status is not of the order.")


def test_a_link_within_a_message_loses_its_markup() -> None:
    assert text(400, '{"message":"Part of <a href=\\"http://h/1\\">\\"BUNDLE\\"</a>"}') == 'Part of "BUNDLE"'


def test_a_stack_trace_is_left_out() -> None:
    assert text(500, '{"message":"Broken","trace":"#0 /var/www/secret.php(7)"}') == "Broken"


@pytest.mark.parametrize(
    ("status", "content_type", "body", "expected"),
    [
        (400, "application/json", b'"Not this way"', "Not this way"),
        (500, "text/plain", b"Out of memory", "Out of memory"),
        (500, "text/plain;charset=UTF-8", HALF_PAGE, HALF_PAGE.decode().split('"')[-1].strip()),
        (
            404,
            "text/html",
            b"<html><h1>Whoops</h1>",
            "The server answered 404 Not Found with an HTML page: Whoops",
        ),
        (502, "text/html", b"<html><title>502 Bad Gateway</title>", None),
        (401, "text/html", b"oauth_problem=Specified+token+does+not+exist", "Specified token does not exist"),
        (
            404,
            "application/xml",
            b"<?xml version='1.0'?><r><message>It is &amp; was</message></r>",
            "It is & was",
        ),
        (500, "application/xml", b"<e><message><![CDATA[Report api/7]]></message></e>", "Report api/7"),
        (500, "", b"", "The server answered 500 Internal Server Error with an empty body"),
        (400, "application/json", b"[]", "The server answered 400 Bad Request without a message"),
        (799, "", b"", "The server answered 799 with an empty body"),
    ],
)
def test_other_answers_become_one_readable_text(
    status: int, content_type: str, body: bytes, expected: str | None
) -> None:
    expected = expected or "The server answered 502 Bad Gateway with an HTML page: 502 Bad Gateway"
    assert text(status, body, content_type) == expected


def test_maintenance_says_that_nothing_was_begun() -> None:
    assert normalise(503, "text/html", MAINTENANCE).not_taken
    assert not normalise(503, "text/html", b"<html><h1>Backend fetch failed</h1></html>").not_taken


def test_what_is_no_placeholder_stays() -> None:
    assert fill("100%off for %1 and %10", {"1": "A"}) == "100%off for A and A0"
    assert fill("%fieldName of %field", {"field": "x", "fieldName": "y"}) == "y of x"


@pytest.mark.parametrize(
    ("amount", "number"),
    [
        ("$15.00", "15.00"),
        ("£0.99", "0.99"),
        ("€1,234.50", "1,234.50"),
        ("15,00 €", "15,00"),
        ("15,00\u00a0€", "15,00"),
        ("1 234,50 €", "1 234,50"),
        ("-$5.00", "-5.00"),
        ("US$7.10", "7.10"),
        ("CHF\u00a015.00", "15.00"),
        ("99,00 zł", "99,00"),
    ],
)
def test_an_amount_of_money_loses_its_sign(amount: str, number: str) -> None:
    assert strip_currency(amount) == number


@pytest.mark.parametrize(
    "other", ["5 pieces", "$", "SKU-15", "CHF15", "15", "15.00", "costs $5", "$5 each", "€5 $", ""]
)
def test_anything_else_stays_as_it_is(other: str) -> None:
    assert strip_currency(other) == other


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["message", "parameters", "errors", "messages", "error", "trace", "", "1", "%"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(status=st.integers(0, 1000), content_type=st.text(max_size=20), body=st.binary(max_size=300))
def test_no_bytes_crash_it(status: int, content_type: str, body: bytes) -> None:
    assert normalise(status, content_type, body).message


@given(status=st.integers(400, 599), value=json_values)
def test_no_json_crashes_it(status: int, value: object) -> None:
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    found = normalise(status, "application/json", body)
    assert found.message.strip()
    assert found.origin in Origin


@given(st.sampled_from([RECORD_PAGE, HALF_PAGE, MAINTENANCE]), st.integers(0, 600))
def test_a_page_cut_off_anywhere_is_read(page: bytes, end: int) -> None:
    assert normalise(500, "text/html", page[:end]).message


@given(st.text(alphabet="<>&; %$0123456789.,€-ab\n", max_size=200))
def test_stripping_currency_never_loses_a_digit(text: str) -> None:
    stripped = strip_currency(text)
    assert [char for char in stripped if char.isdigit()] == [char for char in text if char.isdigit()]
