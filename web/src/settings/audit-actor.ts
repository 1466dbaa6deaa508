/** Who did what an entry of the log of changes tells. */
import type { Schemas } from "@/api/client";
import { t } from "@/i18n";

type AuditEvent = Schemas["AuditEvent"];

export function actorName({ actor, actor_user_uuid, credential }: Pick<AuditEvent, "actor" | "actor_user_uuid" | "credential">): string {
  if (actor) return actor.name;
  if (actor_user_uuid) return t("Somebody who has left");
  // Whoever holds a link, or the token of a client, has shown nobody who that is.
  return credential.kind === "none" ? t("Somebody unknown") : t("Athena itself");
}
