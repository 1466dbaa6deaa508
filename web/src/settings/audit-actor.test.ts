import { expect, test } from "vitest";

import { actorName } from "./audit-actor";

const entry = (kind: "none" | "system" | "token", actor_user_uuid: string | null = null) => ({
  actor: null,
  actor_user_uuid,
  credential: { kind, uuid: null },
});

test("what somebody did whom nobody knows was not done by Athena", () => {
  expect(actorName(entry("none"))).toBe("Somebody unknown");
  expect(actorName(entry("system"))).toBe("Athena itself");
  expect(actorName(entry("token", "01a211b8"))).toBe("Somebody who has left");
});
