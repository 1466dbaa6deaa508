"""``/api/v1/large-language-models``, and the verification of an account, which finds the account's models."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from athena.accounts.schemas import Account
from athena.accounts.service import AccountService
from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, WithQuery, listing, resource
from athena.kit.schemas import Data, Page, relations
from athena.large_language_models.schemas import LargeLanguageModel
from athena.large_language_models.service import LIST, RELATIONS, LargeLanguageModelService
from athena.permissions import Permission

models = Router("Large Language Model")
accounts = Router("Account")

Viewer = Annotated[Caller, require(Permission.LARGE_LANGUAGE_MODELS_VIEW)]
Verifier = Annotated[Caller, require(Permission.ACCOUNTS_VERIFY)]
Query = Annotated[ListQuery, list_query(LIST)]


@models.operation(
    "GET",
    "/api/v1/large-language-models",
    summary="Get Large Language Models",
    response=Page[LargeLanguageModel],
)
async def get_large_language_models(caller: Viewer, query: Query) -> Response:
    """The catalogue, and what the workspace's accounts were found to offer, by name."""
    service = LargeLanguageModelService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@models.operation(
    "GET",
    "/api/v1/large-language-models/{large_language_model_uuid}",
    summary="Retrieve a Large Language Model",
    response=Data[LargeLanguageModel],
)
async def get_large_language_model(
    large_language_model_uuid: UUID, caller: Viewer, with_: WithQuery = None
) -> Response:
    """One model."""
    wanted = relations(with_, RELATIONS)
    service = LargeLanguageModelService(caller.session, caller.access)
    row = await service.get(large_language_model_uuid)
    return resource((await service.show([row], wanted))[0], row)


@accounts.operation(
    "POST",
    "/api/v1/accounts/{account_uuid}/verify",
    summary="Verify an Account",
    response=Data[Account],
    errors=[409],
)
async def verify_account(account_uuid: UUID, caller: Verifier) -> Response:
    """Asks the provider whether the credentials work, says in words what is wrong, and notes the account's models."""
    row = await LargeLanguageModelService(caller.session, caller.access).verify(account_uuid)
    shown = await AccountService(caller.session, caller.access).show([row], frozenset())
    return resource(shown[0], row)


# One router for the application; a tag of its own would be added to each operation's.
router = APIRouter(redirect_slashes=False)
router.include_router(models)
router.include_router(accounts)
