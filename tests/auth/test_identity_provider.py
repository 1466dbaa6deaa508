"""``X-Multiplai-Authorization``: access tokens of a real identity provider, genuine and forged."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg
import httpx2
import pytest
from joserfc.jwk import RSAKey

from athena.auth import oidc
from athena.kit.ids import new_uuid
from tests.auth.conftest import NewPerson
from tests.auth.identity_provider import IdentityProvider
from tests.conftest import Tenant

USER = "/api/v1/user"
WORKSPACES = "/api/v1/workspaces"


async def ask(client: httpx2.AsyncClient, token: str, path: str = USER) -> httpx2.Response:
    return await client.get(path, headers={"X-Multiplai-Authorization": f"Bearer {token}"})


def facts(**more: Any) -> dict[str, Any]:
    unique = new_uuid().hex
    return {"email": f"{unique}@idp.test", "email_verified": True, "name": "Grace", "organizations": [], **more}


async def places(client: httpx2.AsyncClient, token: str) -> dict[str, str]:
    user = (await ask(client, token)).json()["data"]
    return {place["name"]: place["role"] for place in user["workspaces"]}


async def test_a_signed_token_makes_user_and_workspaces(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    first, second = f"org-{new_uuid()}", f"org-{new_uuid()}"
    person = identity_provider.person(
        "s1", **facts(organizations=[{"id": first, "name": "Acme", "role": "Owner"}, {"id": second, "name": "Beta"}])
    )
    answer = await external.post("/api/v1/auth/sign-in", json={"email": "x@y.z", "password": "no"})
    assert answer.status_code == 401
    token = identity_provider.access_token("s1")
    user = (await ask(external, token)).json()["data"]
    assert (user["email"], user["name"]) == (person.facts["email"], "Grace")
    assert {place["name"]: place["role"] for place in user["workspaces"]} == {"Acme": "owner", "Beta": "builder"}
    assert (await ask(external, token, "/api/v1/threads")).status_code == 200
    again = (await ask(external, identity_provider.access_token("s1", jti="another"))).json()["data"]
    assert again["uuid"] == user["uuid"]
    assert again["workspaces"] == user["workspaces"]


async def test_the_token_endpoint_of_the_provider_gives_a_token_that_works(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    identity_provider.person("s1", **facts())
    async with httpx2.AsyncClient() as direct:
        form = {"grant_type": "password", "username": "s1"}
        token = (await direct.post(f"{identity_provider.url}/token", data=form)).json()["access_token"]
    assert (await ask(external, token)).status_code == 200


async def test_members_of_one_organization_share_its_workspace(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    name = f"org-{new_uuid()}"
    for sub in ("s1", "s2"):
        identity_provider.person(sub, **facts(organizations=[name]))
    tokens = [identity_provider.access_token(sub) for sub in ("s1", "s2")]
    users = [answer.json()["data"] for answer in await asyncio.gather(*(ask(external, token) for token in tokens))]
    assert users[0]["uuid"] != users[1]["uuid"]
    assert users[0]["workspaces"][0]["uuid"] == users[1]["workspaces"][0]["uuid"]


async def test_the_same_new_user_may_come_many_times_at_once(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    identity_provider.person("s1", **facts(organizations=[f"org-{new_uuid()}"]))
    tokens = [identity_provider.access_token("s1", jti=str(n)) for n in range(8)]
    answers = await asyncio.gather(*(ask(external, token) for token in tokens))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["data"]["uuid"] for answer in answers}) == 1


async def test_what_the_provider_takes_back_is_gone(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    kept, lost = f"org-{new_uuid()}", f"org-{new_uuid()}"
    person = identity_provider.person("s1", **facts(organizations=[kept, {"id": lost, "name": "Lost"}]))
    old = identity_provider.access_token("s1", iat=int(time.time()) - 20)
    before = (await ask(external, old)).json()["data"]["workspaces"]
    gone = next(place["uuid"] for place in before if place["name"] == "Lost")
    person.facts["organizations"] = [{"id": kept, "name": "Renamed", "role": "viewer"}]
    new = identity_provider.access_token("s1")
    assert await places(external, new) == {"Renamed": "viewer"}
    for token in (old, new, identity_provider.access_token("s1", iat=int(time.time()) - 10, organizations=[lost])):
        assert (await ask(external, token, f"{WORKSPACES}/{gone}")).status_code == 404, "old news change nothing"
    person.facts["organizations"] = []
    assert await places(external, identity_provider.access_token("s1", jti="x")) == {}


async def test_a_membership_that_was_given_here_stays(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider, owner: Tenant
) -> None:
    person = identity_provider.person("s1", **facts())
    headers = {"X-Multiplai-Authorization": f"Bearer {identity_provider.access_token('s1')}"}
    uuid = (await external.get(USER, headers=headers)).json()["data"]["uuid"]
    body = {"email": person.facts["email"], "role": "operator"}
    made = (await owner.post(f"{WORKSPACES}/{owner.workspace_uuid}/invitations", body)).json()["data"]["uuid"]
    joined = await external.post(f"/api/v1/invitations/{made}/accept", headers=headers)
    assert joined.json()["data"]["user_uuid"] == uuid
    assert list((await places(external, identity_provider.access_token("s1", jti="x"))).values()) == ["operator"]


async def test_who_is_in_an_organization_is_said_by_the_provider_alone(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    name = f"org-{new_uuid()}"
    identity_provider.person("boss", **facts(organizations=[{"id": name, "name": "Acme", "role": "owner"}]))
    identity_provider.person("s1", **facts(organizations=[{"id": name, "name": "Acme"}]))
    uuid = (await ask(external, identity_provider.access_token("s1"))).json()["data"]["uuid"]
    boss = {"X-Multiplai-Authorization": f"Bearer {identity_provider.access_token('boss')}"}
    workspace = (await external.get(USER, headers=boss)).json()["data"]["workspaces"][0]["uuid"]
    path = f"{WORKSPACES}/{workspace}/members/{uuid}"
    refused = await external.delete(path, headers=boss)
    assert (refused.status_code, refused.json()["code"]) == (409, "managed_by_provider")
    assert (await external.put(path, json={"role": "admin"}, headers=boss)).status_code == 200
    assert await places(external, identity_provider.access_token("s1", jti="x")) == {"Acme": "admin"}, "it names none"


async def test_rotated_keys_are_taken_at_once(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    identity_provider.person("s1", **facts())
    old = identity_provider.access_token("s1")
    assert (await ask(external, old)).status_code == 200
    for elliptic in (True, False):
        identity_provider.rotate(elliptic=elliptic)
        assert (await ask(external, identity_provider.access_token("s1"))).status_code == 200
    assert identity_provider.calls["/jwks"] == 3


async def test_a_key_that_is_gone_signs_nothing_any_more(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    identity_provider.person("s1", **facts())
    gone = identity_provider.keys[0]
    identity_provider.rotate()
    assert (await ask(external, identity_provider.access_token("s1", key=gone))).status_code == 401


async def test_a_flood_of_unknown_keys_does_not_reach_the_provider(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    identity_provider.person("s1", **facts())
    tokens = [identity_provider.access_token("s1", header={"kid": f"made-up-{n}"}) for n in range(40)]
    answers = await asyncio.gather(*(ask(external, token) for token in tokens))
    assert {answer.status_code for answer in answers} == {401}
    assert identity_provider.calls["/jwks"] <= 1 + oidc.REFRESHES
    assert (await ask(external, identity_provider.access_token("s1"))).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://evil.test"}, "access_token_invalid"),
        ({"iss": None}, "access_token_invalid"),
        ({"aud": "another"}, "access_token_invalid"),
        ({"aud": None}, "access_token_invalid"),
        ({"aud": ["another", 1]}, "access_token_invalid"),
        ({"sub": None}, "access_token_invalid"),
        ({"sub": 7}, "access_token_invalid"),
        ({"exp": None}, "access_token_invalid"),
        ({"exp": "soon"}, "access_token_invalid"),
        ({"exp": 1_600_000_000}, "access_token_expired"),
        ({"nbf": 4_000_000_000}, "access_token_invalid"),
        ({"iat": 4_000_000_000}, "access_token_invalid"),
    ],
)
async def test_claims_that_do_not_hold_are_401(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider, changes: dict[str, Any], code: str
) -> None:
    identity_provider.person("s1", **facts())
    answer = await ask(external, identity_provider.access_token("s1", **changes))
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_an_audience_among_several_and_a_small_difference_of_clocks_are_taken(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    identity_provider.person("s1", **facts())
    now = int(time.time())
    taken: list[dict[str, Any]] = [{"aud": ["x", "athena"]}, {"exp": now - 5}, {"nbf": now + 5}, {"exp": 10**400}]
    for changes in taken:
        assert (await ask(external, identity_provider.access_token("s1", **changes))).status_code == 200, changes


async def test_forged_tokens_are_401(external: httpx2.AsyncClient, identity_provider: IdentityProvider) -> None:
    identity_provider.person("s1", **facts())
    genuine = identity_provider.access_token("s1")
    head, body, signature = genuine.split(".")
    kid = identity_provider.keys[0].kid
    own_key = RSAKey.generate_key(2048, {"kid": str(kid)})
    forged = {
        "none": "eyJhbGciOiJub25lIn0." + body + ".",
        "confusion": identity_provider.symmetric_token("s1"),
        "own key": identity_provider.access_token("s1", key=own_key),
        "own key in the head": identity_provider.access_token(
            "s1", key=own_key, header={"jwk": own_key.as_dict(private=False)}
        ),
        "other body": f"{head}.{body[:-4]}AAAA.{signature}",
        "no signature": f"{head}.{body}.",
        "critical": identity_provider.access_token("s1", header={"crit": ["b64"], "b64": True}),
        "logout token": identity_provider.access_token("s1", header={"typ": "logout+jwt"}),
        "long": genuine + "a" * 20_000,
        "empty parts": "..",
        "deep": "W1tb" * 3000 + ".a.b",
        "unknown opaque": "opaque-made-up",
        "no text": "\xff\xfe",
    }
    for name, token in forged.items():
        headers = {b"X-Multiplai-Authorization": b"Bearer " + token.encode("latin-1")}
        answer = await external.get(USER, headers=headers)
        assert answer.status_code == 401, name
        assert token not in answer.text


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "token"])
async def test_another_scheme_is_401(external: httpx2.AsyncClient, header: str) -> None:
    answer = await external.get(USER, headers={"X-Multiplai-Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "access_token_malformed")


async def test_an_opaque_token_is_verified_by_the_user_info_endpoint(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    name = f"org-{new_uuid()}"
    person = identity_provider.person("s1", **facts(organizations=[name]))
    token = identity_provider.opaque_token("s1")
    user = [(await ask(external, token)).json()["data"] for _ in range(3)][-1]
    assert user["email"] == person.facts["email"]
    assert [place["name"] for place in user["workspaces"]] == [name]
    assert identity_provider.calls["/userinfo"] == 1, "remembered for a moment"


async def test_what_a_lean_token_lacks_comes_from_the_user_info_endpoint(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    person = identity_provider.person("s1", **facts(organizations=[f"org-{new_uuid()}"]))
    user = (await ask(external, identity_provider.access_token("s1", lean=True))).json()["data"]
    assert user["email"] == person.facts["email"]
    assert len(user["workspaces"]) == 1


async def test_a_provider_that_does_not_answer_is_503(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider, owner: Tenant
) -> None:
    identity_provider.person("s1", **facts())
    identity_provider.down = True
    answer = await ask(external, identity_provider.access_token("s1"))
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
    both = {"X-Multiplai-Authorization": "Bearer a.b.c", **owner.headers}
    assert (await external.get(USER, headers=both)).status_code == 200, "the next credential of the cascade holds"
    identity_provider.down = False
    assert (await ask(external, identity_provider.access_token("s1"))).status_code == 200


async def test_a_verified_address_finds_its_local_user(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider, new_person: NewPerson
) -> None:
    email = await new_person()
    identity_provider.person("s1", **facts(email=email.upper()))
    user = (await ask(external, identity_provider.access_token("s1"))).json()["data"]
    answer = await external.post("/api/v1/auth/sign-in", json={"email": email, "password": "correct horse battery"})
    assert answer.json()["data"]["user"]["uuid"] == user["uuid"]


@pytest.mark.parametrize("verified", [False, None, "true"])
async def test_an_unverified_address_takes_over_nobody(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider, owner: Tenant, verified: object
) -> None:
    identity_provider.person("s1", **facts(email=owner.email, email_verified=verified))
    user = (await ask(external, identity_provider.access_token("s1"))).json()["data"]
    assert user["uuid"] != str(owner.user_uuid)
    assert user["email"].endswith("@users.invalid")
    assert user["workspaces"] == []


async def test_an_unverified_address_is_shown_but_opens_nothing_and_gives_way(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider, owner: Tenant
) -> None:
    claimed = facts(email_verified=False)
    identity_provider.person("squatter", **claimed)
    squatter = (await ask(external, identity_provider.access_token("squatter"))).json()["data"]
    assert squatter["email"] == claimed["email"]
    body = {"email": claimed["email"]}
    assert (await owner.post(f"{WORKSPACES}/{owner.workspace_uuid}/invitations", body)).status_code == 201
    seen = await ask(external, identity_provider.access_token("squatter"), "/api/v1/invitations")
    assert seen.json()["data"] == []
    identity_provider.person("real", **facts(email=claimed["email"]))
    real = (await ask(external, identity_provider.access_token("real"))).json()["data"]
    assert real["email"] == claimed["email"]
    assert real["uuid"] != squatter["uuid"]
    seen = await ask(external, identity_provider.access_token("real"), "/api/v1/invitations")
    assert [each["workspace"]["uuid"] for each in seen.json()["data"]] == [str(owner.workspace_uuid)]
    again = (await ask(external, identity_provider.access_token("squatter", jti="x"))).json()["data"]
    assert again["email"].endswith("@users.invalid")


async def test_whoever_took_an_address_by_an_invitations_link_waits_for_nobody_in_it(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider, owner: Tenant
) -> None:
    meant = facts()
    invitations = f"{WORKSPACES}/{owner.workspace_uuid}/invitations"
    link = (await owner.post(invitations, {"email": meant["email"]})).json()["data"]["token"]
    chosen = {"name": "Mallory", "password": "correct horse battery"}
    taken = await external.post("/api/v1/invitations/accept", json={"token": link, **chosen})
    assert taken.status_code == 200
    identity_provider.person("real", **meant)
    real = (await ask(external, identity_provider.access_token("real"))).json()["data"]
    assert real["email"] == meant["email"]
    assert real["uuid"] != taken.json()["data"]["user_uuid"]
    sign_in = {"email": meant["email"], "password": chosen["password"]}
    assert (await external.post("/api/v1/auth/sign-in", json=sign_in)).status_code == 401


async def test_two_subjects_with_one_verified_address_stay_two(
    external: httpx2.AsyncClient, identity_provider: IdentityProvider
) -> None:
    shared = facts()
    identity_provider.person("s1", **shared)
    identity_provider.person("s2", **shared)
    users = [(await ask(external, identity_provider.access_token(sub))).json()["data"] for sub in ("s1", "s2")]
    assert users[0]["uuid"] != users[1]["uuid"]
    assert users[1]["email"].endswith("@users.invalid")


async def test_a_changed_name_and_address_follow(
    external: httpx2.AsyncClient,
    identity_provider: IdentityProvider,
    superuser: asyncpg.Connection[asyncpg.Record],
) -> None:
    person = identity_provider.person("s1", **facts())
    before = (await ask(external, identity_provider.access_token("s1"))).json()["data"]
    person.facts.update(facts(name="Grace Hopper"))
    after = (await ask(external, identity_provider.access_token("s1", jti="x"))).json()["data"]
    assert (after["uuid"], after["name"], after["email"]) == (before["uuid"], "Grace Hopper", person.facts["email"])
    stored = await superuser.fetchval("SELECT count(*) FROM users WHERE oidc_issuer = $1", identity_provider.url)
    assert stored == 1


async def test_without_a_provider_its_header_is_refused(client: httpx2.AsyncClient, owner: Tenant) -> None:
    answer = await ask(client, "a.b.c")
    assert (answer.status_code, answer.json()["code"]) == (401, "provider_not_configured")
    both = {"X-Multiplai-Authorization": "Bearer a.b.c", **owner.headers}
    assert (await client.get(USER, headers=both)).status_code == 200
