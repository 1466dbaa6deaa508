"""What the driver of the database raises, and what it means to a caller."""

from __future__ import annotations

from typing import Final, NoReturn

import asyncpg

from athena.kit.errors import Conflict, Unavailable, ValidationFailed

DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What a statement may raise. The third comes from a connection whose server said goodbye, but has not hung up yet."""


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its kind when it has none."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def translate(error: Exception) -> NoReturn:
    """Raises what a caller may see in place of a driver's error."""
    match error:
        case asyncpg.UniqueViolationError():
            raise Conflict("Something with the same name or key exists already.", code="already_exists") from error
        case asyncpg.ForeignKeyViolationError():
            raise Conflict("It is still in use, or what it refers to is gone.", code="reference_conflict") from error
        case asyncpg.SerializationError() | asyncpg.DeadlockDetectedError():
            raise Conflict("Another change came first; try again.", code="concurrent_change") from error
        case asyncpg.CharacterNotInRepertoireError() | asyncpg.UntranslatableCharacterError() | asyncpg.DataError():
            raise ValidationFailed("A value cannot be stored.") from error
        case (
            OSError()
            | asyncpg.InterfaceError()
            | asyncpg.InternalClientError()
            | asyncpg.PostgresConnectionError()
            | asyncpg.QueryCanceledError()
            | asyncpg.OperatorInterventionError()
            | asyncpg.InsufficientResourcesError()
        ):
            raise Unavailable("The database does not answer; try again.", code="database_unavailable") from error
        case _:
            raise error
