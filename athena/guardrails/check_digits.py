"""The arithmetic by which numbers of cards, bank accounts and people are told from other numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

LONGEST_CARD: Final = 19
# The beginning of a number, and how long it is then.
_CARDS: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}"
    r"|(?:6011|65\d{2}|64[4-9]\d|35(?:2[89]|[3-8]\d))\d{12}"
    r"|3(?:0[0-5]|[689]\d)\d{11}"
    r"|62\d{14,17}"
)

_IBANS: Final = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18 "
    "SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
IBAN_LENGTHS: Final[Mapping[str, int]] = {each[:2]: int(each[2:]) for each in _IBANS.split()}

_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"


def is_card(digits: str) -> bool:
    """Whether digits are a card's number: by its issuer, its length and Luhn's sum."""
    if not _CARDS.fullmatch(digits):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) << (place % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - of two digits their sum
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """Whether the check digits of an account's number, without spaces, are right."""
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def is_dni(text: str) -> bool:
    """Whether a Spanish DNI or NIE has its right letter."""
    number = int(text[:-1].translate(str.maketrans("XYZ", "012")))
    return text[-1] == _DNI_LETTERS[number % 23]


def is_nir(text: str) -> bool:
    """Whether a French social security number has its right key."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(text[13:])


def is_cpf(digits: str) -> bool:
    """Whether a Brazilian taxpayer's number has its right two last digits."""
    if len(set(digits)) == 1:
        return False
    for count in (9, 10):
        total = sum(int(digit) * weight for digit, weight in zip(digits, range(count + 1, 1, -1), strict=False))
        if total * 10 % 11 % 10 != int(digits[count]):
            return False
    return True
