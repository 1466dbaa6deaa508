/** What stands in the way of a bundle, and what should be set in the workspace. */
import { Link } from "@tanstack/react-router";
import { CircleAlert, KeyRound, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { cn } from "@/ui/classes";

import type { Plan } from "./queries";

export function Needs({ plan }: { plan: Plan }) {
  const { uuid } = useWorkspace();
  if (plan.problems.length + plan.missing_variables.length === 0) return null;
  return (
    <ul className="grid gap-2" aria-label={t("To be looked at")}>
      {plan.problems.map((each, at) => (
        <Item key={at} isBlocking={each.blocking} icon={each.blocking ? <CircleAlert aria-hidden /> : <TriangleAlert aria-hidden />}>
          {each.resource && <code className="font-mono">{each.resource}: </code>}
          {each.message}
        </Item>
      ))}
      {plan.missing_variables.map((each) => (
        <Item key={each.name} isBlocking={false} icon={<KeyRound aria-hidden />}>
          {each.kind === "secret" ? t("The secret {name} is missing.", { name: each.name }) : t("The variable {name} is missing.", { name: each.name })}{" "}
          {each.description}{" "}
          <Link className="underline" to="/w/$workspace/settings/variables" params={{ workspace: uuid }}>
            {t("Variables and secrets")}
          </Link>
        </Item>
      ))}
    </ul>
  );
}

function Item({ isBlocking, icon, children }: { isBlocking: boolean; icon: ReactNode; children: ReactNode }) {
  return (
    <li
      className={cn(
        "flex items-start gap-3 rounded-lg p-3 [&>svg]:mt-0.5 [&>svg]:size-4 [&>svg]:shrink-0",
        isBlocking ? "bg-danger-soft text-danger" : "bg-warning-soft text-warning",
      )}
    >
      {icon}
      <p dir="auto" className="min-w-0 break-words">
        {children}
      </p>
    </li>
  );
}
