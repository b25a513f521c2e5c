"""OAuth 1.0a signatures as Magento verifies them, which is not quite as RFC 5849 says. All of it is pure.

Magento (Magento\\Framework\\Oauth over Laminas\\OAuth) differs in four ways:

- parameters are sorted like PHP's `strnatcmp` (`[2]` before `[10]`), by their encoded names;
- a `+` in the query is a plus sign, not a space;
- a parameter without `=`, or with a second one, is left out; of repeated ones only the last counts;
- the path is normalised first, by a rule that differs between releases (`PathRule`).
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes, urlsplit

from mageferry.http.transport import sent_url

_UNRESERVED: Final = r"A-Za-z0-9._~\-"
_PLAIN = re.compile(f"[{_UNRESERVED}]*")
# Text in the one encoding that is signed: what needs no escape has none, and hex digits are upper case.
_RECODED = re.compile(
    f"[{_UNRESERVED}]*(?:%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF])[{_UNRESERVED}]*)*"
)
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
# What Laminas\Uri\Uri::encodePath leaves as it is.
_NOT_IN_PATHS = re.compile(f"[^{_UNRESERVED})(:@&=+$,/;%]+|%(?![A-Fa-f0-9]{{2}})")
_DIGITS = re.compile("[0-9]+")
_LEADING_ZEROS = re.compile("0+(?=[0-9])")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class SignatureMethod(StrEnum):
    """How the base string is signed. Magento 2.4.4 and later take HMAC-SHA256 only."""

    HMAC_SHA256 = "HMAC-SHA256"
    HMAC_SHA1 = "HMAC-SHA1"

    @property
    def digest(self) -> str:
        """The hash, by its name in hashlib."""
        return self.removeprefix("HMAC-").lower()


class PathRule(StrEnum):
    """Which percent-encoded characters of a path Magento decodes before it signs.

    RESERVED: unreserved ones and `: @ & = + $ , / ; %` (2.4.6 and 2.4.7, Laminas\\Uri\\Uri::normalizePath);
    UNRESERVED: letters, digits and `- . _ ~` only (RFC 3986, 6.2.2.2; newer releases).
    """

    RESERVED = "reserved"
    UNRESERVED = "unreserved"

    @property
    def other(self) -> PathRule:
        return PathRule.UNRESERVED if self is PathRule.RESERVED else PathRule.RESERVED


_DECODED: Final = {
    PathRule.RESERVED: re.compile(f"[{_UNRESERVED}:@&=+$,/;%]"),
    PathRule.UNRESERVED: re.compile(f"[{_UNRESERVED}]"),
}


def sign(
    base: str, consumer_secret: str, token_secret: str, method: SignatureMethod = SignatureMethod.HMAC_SHA256
) -> str:
    """The signature of a base string, in base64."""
    key = f"{escape(consumer_secret)}&{escape(token_secret)}"
    return b64encode(hmac.digest(key.encode(), base.encode(), method.digest)).decode()


def base_string(method: str, url: str, oauth: Mapping[str, str], rule: PathRule = PathRule.RESERVED) -> str:
    """What is signed. `url` is encoded as it is sent; `oauth` are the protocol's parameters, not encoded."""
    address, _, query = sent_url(url).partition("#")[0].partition("?")
    # Of repeated names the last counts.
    parameters = {name: _own_parameter(name, value) for name, value in oauth.items()}
    parameters |= {parameter.name: parameter for parameter in map(_known_parameter, query.split("&"))}
    parameters.pop(_LEFT_OUT.name, None)
    joined = "%26".join([parameter.signed for parameter in sorted(parameters.values(), key=_RANK)])
    return f"{method.upper()}&{escape(signed_address(address, rule))}&{joined}"


def signed_address(address: str, rule: PathRule) -> str:
    """Scheme, host and path as Magento signs them: host in lower case, no default port, path normalised."""
    parts = urlsplit(address)
    scheme = parts.scheme.lower()
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(_DEFAULT_PORTS.get(scheme, ""))
    return f"{scheme}://{host}{normalised_path(parts.path, rule)}"


def normalised_path(path: str, rule: PathRule) -> str:
    """The path with the rule's characters decoded and all other escapes in upper case."""
    if "%" in path:
        path = _ESCAPE.sub(lambda match: _decoded(match.group(0), _DECODED[rule]), path)
    return _NOT_IN_PATHS.sub(lambda match: quote(match.group(0), safe="-._~"), path)


def authorization(parameters: Mapping[str, str], signature: str) -> str:
    """The value of the Authorization header."""
    pairs = [f'{name}="{escape(value)}"' for name, value in parameters.items()]
    return f'OAuth {",".join(pairs)},oauth_signature="{escape(signature)}"'


def escape(text: str) -> str:
    """Percent-encoding as in RFC 5849, 3.6: everything but letters, digits and `- . _ ~`."""
    return text if _PLAIN.fullmatch(text) else quote(text, safe="-._~")


def natural_key(name: str) -> str:
    """A text whose plain order is that of PHP's `strnatcmp` on names without blanks.

    A run of digits compares by its length first, then by its digits; one that begins with 0 comes before
    others and compares like a text. Zeros at the very beginning do not count.
    """
    leading = _LEADING_ZEROS.match(name)
    return _DIGITS.sub(_ranked_digits, name[leading.end() :] if leading else name)


def _ranked_digits(match: re.Match[str]) -> str:
    digits = match.group(0)
    # Like any digit, "0" and "1" keep their place among the other characters.
    return f"0{digits}\0" if digits[0] == "0" else f"1{chr(len(digits))}{digits}"


class _Parameter(NamedTuple):
    """A parameter as it is signed, and its place in the order."""

    rank: str
    name: str
    signed: str


_RANK = itemgetter(0)
# A signature does not sign itself, and what goes by its name is not signed either.
_LEFT_OUT = _Parameter("", "oauth_signature", "")


def _parameter(sent: str) -> _Parameter:
    """What becomes of `name=value`."""
    name, equals, value = sent.partition("=")
    if not equals or "=" in value:
        return _LEFT_OUT
    name = _recoded(name)
    # Encoded once more: only % can need it in what is encoded already.
    signed = f"{name.replace('%', '%25')}%3D{_recoded(value).replace('%', '%25')}"
    return _Parameter(natural_key(name), name, signed)


def _own_parameter(name: str, value: str) -> _Parameter:
    """The same for one of the protocol's, which is not encoded yet and has a plain name."""
    return _Parameter(_known_key(name), name, f"{name}%3D{escape(value).replace('%', '%25')}")


# Most of a search repeats from call to call.
_known_parameter = lru_cache(maxsize=2048)(_parameter)
# Names alone: the values of the protocol's parameters are secrets, or new with every request.
_known_key = lru_cache(maxsize=64)(natural_key)


def _recoded(text: str) -> str:
    """The same characters in the one encoding that is signed, whatever way they were sent."""
    return text if _RECODED.fullmatch(text) else quote(unquote_to_bytes(text), safe="-._~")


def _decoded(escaped: str, allowed: re.Pattern[str]) -> str:
    char = chr(int(escaped[1:], 16))
    return char if allowed.fullmatch(char) else escaped.upper()
