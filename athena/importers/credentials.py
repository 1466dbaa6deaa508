"""What must not be taken over: keys, tokens and passwords that stand in requests. Pure."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from athena.importers.collected import Collected
from athena.importers.report import Entry
from athena.importers.texts import Cel, Part, written
from athena.tools.outgoing import HEADER_NAME, REFUSED_HEADERS

SECRET_NAME: Final = re.compile(
    r"authorization|cookie|(?:^|[-_.])(?:token|secret|password|passwd|pwd|auth)(?:$|[-_.])|api[-_]?key|apikey|"
    r"access[-_]?(?:token|key)|client[-_]?secret|private[-_]?key|^key$|signature",
    re.IGNORECASE,
)
SCHEMES: Final = ("Bearer ", "Basic ", "Token ", "Bot ")
SECRET_VALUE: Final = re.compile(
    r"\b(?:[spr]k[-_](?=[\w-]*\d)[\w-]{16,}|xox[abpros]-[\w-]{10,}|gh[opsu]_\w{20,}|glpat-[\w-]{16,}|hf_\w{20,}"
    r"|AIza[\w-]{30,}|ya29\.[\w-]{20,}|shpat_\w{20,}|whsec_\w{16,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}[\w.-]*)"
)
HIDDEN: Final = "(a secret was here)"


def is_secret(name: str) -> bool:
    """Whether what a field of this name holds must not be shown."""
    return SECRET_NAME.search(name) is not None


def without_secrets(value: Any) -> Any:
    """A JSON value in which nothing stands any more that looks like a key."""
    match value:
        case str():
            return SECRET_VALUE.sub(HIDDEN, value)
        case list():
            return [without_secrets(each) for each in cast("list[Any]", value)]
        case dict():
            given = cast("dict[str, Any]", value)
            return {without_secrets(key): without_secrets(each) for key, each in given.items()}
        case _:
            return value


def guarded_fields(collected: Collected, entry: Entry, owner: str, value: Any) -> Any:
    """A JSON value, whose fields with the names of secrets read secrets of the workspace instead."""
    match value:
        case dict():
            made: dict[str, Any] = {}
            for name, each in cast("dict[str, Any]", value).items():
                if isinstance(each, str) and "{{" not in each:
                    parts = guarded(collected, entry, owner, name, [each])
                    made[name] = each if parts == [each] else written(parts)
                else:
                    made[name] = guarded_fields(collected, entry, owner, each)
            return made
        case list():
            return [guarded_fields(collected, entry, owner, each) for each in cast("list[Any]", value)]
        case _:
            return value


def sendable(entry: Entry, name: str) -> bool:
    """Whether requests may have a header of this name; those that are set by themselves are left out."""
    if HEADER_NAME.fullmatch(name) and name.lower() not in REFUSED_HEADERS:
        return True
    entry.remark(f"The header {name[:100]} is left out: it is set by itself, or is none.")
    return False


def guarded(collected: Collected, entry: Entry, owner: str, name: str, parts: list[Part]) -> list[Part]:
    """A header's or a parameter's value; where it holds a secret, a secret of the workspace stands in its place."""
    constant = "".join(part for part in parts if isinstance(part, str))
    if not constant.strip() or not (is_secret(name) or SECRET_VALUE.search(constant)):
        return parts
    scheme = next((each for each in SCHEMES if constant.startswith(each)), "")
    if constant.strip() == scheme.strip():
        return parts
    expression = collected.secret(f"{owner} {name}", f"The value of {name} in {owner}; it was not taken over.")
    entry.remark(f"The value of {name} is a secret of the workspace, which you enter anew.")
    return [scheme, Cel(expression)] if scheme else [Cel(expression)]
