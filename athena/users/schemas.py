"""What the API says and takes of users."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from athena.kit import clock
from athena.kit.schemas import Input, Name, Output, Resource, Uuid
from athena.users.passwords import MAXIMUM_LENGTH, MINIMUM_LENGTH

_EMAIL = re.compile(
    r"[^\s@<>\"(),:;\[\]\\\x00-\x1f\x7f]+@[^\s@<>\"(),:;\[\]\\\x00-\x1f\x7f.]+(\.[^\s@<>\"(),:;\[\]\\\x00-\x1f\x7f.]+)*"
)


def _is_email(value: str) -> str:
    text = value.strip()
    if not _EMAIL.fullmatch(text):
        raise ValueError("This is not an e-mail address")
    return text


def _is_time_zone(value: str) -> str:
    if value not in clock.known_zones():
        raise ValueError("There is no such time zone; give a name such as Europe/Berlin.")
    return value


Email = Annotated[str, Field(max_length=254, examples=["ada@example.com"]), AfterValidator(_is_email)]
Password = Annotated[str, Field(min_length=MINIMUM_LENGTH, max_length=MAXIMUM_LENGTH)]
PersonName = Annotated[str, Field(max_length=255)]
LanguageTag = Annotated[
    str,
    Field(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="BCP 47.", examples=["de-AT"]),
]
TimeZone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_is_time_zone)]
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", examples=["#1f6feb"])]
PhotoUrl = Annotated[str, Field(max_length=2000, pattern=r"^https?://\S+$")]


class ProfilePhotoConfig(Output):
    """How a person is shown: by a picture, or by initials on a colour."""

    url: str | None
    initials: str
    color: str


class Profile(Output):
    """A person's name in parts, and photo."""

    first_name: str | None
    last_name: str | None
    photo: ProfilePhotoConfig


Theme = Literal["system", "light", "dark"]


class UserPreferences(Output):
    """How the console is shown to a user; what is `null` is as the browser has it."""

    language: str | None
    locale: Annotated[str | None, Field(description="How numbers and dates are written.")]
    time_zone: str | None
    theme: Theme | None


class Person(Output):
    """What everybody in the same workspace sees of a user."""

    uuid: UUID
    name: str
    email: str
    profile: Profile


class UserWorkspace(Output):
    """One of a user's workspaces, and what the user may do there by this credential."""

    uuid: UUID
    name: str
    role: str
    permissions: list[str]


class User(Resource):
    """A person."""

    name: str
    email: str
    profile: Profile
    preferences: UserPreferences
    default_workspace_uuid: UUID | None
    workspaces: list[UserWorkspace]


class PhotoUpdate(Input):
    """Changes of the photo; `null` goes back to what follows from the name."""

    url: PhotoUrl | None = None
    initials: Annotated[str, Field(min_length=1, max_length=4)] | None = None
    color: Color | None = None


class ProfileUpdate(Input):
    """Changes of the profile; what is not named stays."""

    first_name: PersonName | None = None
    last_name: PersonName | None = None
    photo: PhotoUpdate | None = None


class PreferencesUpdate(Input):
    """Changes of preferences; what is not named stays, and `null` is as the browser has it."""

    language: LanguageTag | None = None
    locale: LanguageTag | None = None
    time_zone: TimeZone | None = None
    theme: Theme | None = None


class UserUpdate(Input):
    """Changes of one's own user; what is not named stays."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Ada Lovelace", "profile": {"first_name": "Ada", "last_name": "Lovelace"}}]
        }
    )

    name: Name = ""
    profile: ProfileUpdate = ProfileUpdate()
    preferences: PreferencesUpdate = PreferencesUpdate()
    default_workspace_uuid: Uuid | None = None
    password: Annotated[
        Password, Field(description="A new password; every other sign-in of yours ends with the old one.")
    ] = ""
    current_password: Annotated[
        str, Field(max_length=MAXIMUM_LENGTH, description="Needed to change the password, unless there is none yet.")
    ] = ""
