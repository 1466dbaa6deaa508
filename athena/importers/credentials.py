"""What must not be taken over: keys, tokens and passwords that stand in requests. Pure."""

from __future__ import annotations

import re
from typing import Final

from athena.importers.collected import Collected
from athena.importers.report import Entry
from athena.importers.texts import Cel, Part

SECRET_NAME: Final = re.compile(
    r"authorization|cookie|(?:^|[-_.])(?:token|secret|password|passwd|pwd|auth)(?:$|[-_.])|api[-_]?key|apikey|"
    r"access[-_]?(?:token|key)|client[-_]?secret|private[-_]?key|^key$|signature",
    re.IGNORECASE,
)
SCHEMES: Final = ("Bearer ", "Basic ", "Token ", "Bot ")
SECRET_VALUE: Final = re.compile(
    r"\b(?:sk|pk|rk|xox[abpros]|ghp|gho|glpat|hf|AIza|ya29|EAA|shpat|whsec)[-_A-Za-z0-9]{16,}\b|\beyJ[\w-]{10,}\.[\w-]{10,}"
)
HIDDEN: Final = "(a secret was here)"


def is_secret(name: str) -> bool:
    """Whether what a field of this name holds must not be shown."""
    return SECRET_NAME.search(name) is not None


def without_secrets(text: str) -> str:
    """A text in which nothing stands any more that looks like a key."""
    return SECRET_VALUE.sub(HIDDEN, text)


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
