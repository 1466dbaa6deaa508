/** The form of an account, as its provider's authentication asks for it. */
import type { JsonSchema } from "@/ui/schema-form/schema";

import type { Account, Provider } from "./queries";

/** What a provider grants by itself, so that nobody enters it. */
const GRANTED = new Set(["access_token", "refresh_token"]);

export function isGranted(provider: Provider): boolean {
  const { type, authorization_url: address } = provider.authentication_config;
  return type === "oauth2" && Boolean(address);
}

/**
 * The schema of what is entered. Of an account that is there, secrets show their hints in place of an example, and
 * nothing is required: what is not entered stays.
 */
export function credentialsSchema(provider: Provider, account: Account | null): JsonSchema {
  const fields = provider.authentication_config.fields ?? {};
  const isAsked = (name: string): boolean => !(isGranted(provider) && GRANTED.has(name));
  const properties = Object.entries(fields.properties ?? {})
    .filter(([name]) => isAsked(name))
    .map(([name, field]) => {
      const given = Object.fromEntries(Object.entries(field).filter(([, each]) => each !== null)) as JsonSchema;
      const isSecret = field.writeOnly !== false && field.format !== "uri";
      const hint = account?.credentials[name];
      return [name, { ...given, writeOnly: isSecret, ...(isSecret && hint ? { examples: [hint] } : {}) }] as const;
    });
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: account ? [] : (fields.required ?? []).filter(isAsked),
  };
}

/** What of an account's credentials is no secret, and is edited from what it is. */
export function shownCredentials(provider: Provider, account: Account | null): Record<string, unknown> {
  const schema = credentialsSchema(provider, account);
  const shown = Object.entries(schema.properties ?? {}).filter(([name, field]) => !field.writeOnly && account?.credentials[name] !== undefined);
  return Object.fromEntries(shown.map(([name]) => [name, account?.credentials[name]]));
}
