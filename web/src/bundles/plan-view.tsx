/** A bundle's plan: a line for each resource, and below it the fields that become others. */
import { linkOptions, Link, type LinkProps } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

import type { Schemas } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { cn } from "@/ui/classes";

import { byWeight, type Action, type PlannedResource } from "./queries";

const ACTIONS: Readonly<Record<Action, { label: string; tone: Tone }>> = {
  create: { label: "New", tone: "success" },
  update: { label: "Will change", tone: "accent" },
  conflict: { label: "Changed by hand", tone: "danger" },
  left: { label: "No longer in it", tone: "warning" },
  unchanged: { label: "Stays as it is", tone: "neutral" },
};

const KINDS: Readonly<Record<PlannedResource["kind"], { label: string }>> = {
  agents: { label: "Agent" },
  evaluation_sets: { label: "Evaluation set" },
  guardrails: { label: "Guardrail" },
  knowledge: { label: "Knowledge" },
  prompts: { label: "Prompt" },
  tools: { label: "Tool" },
  workflows: { label: "Workflow" },
};

export function PlanView({ resources }: { resources: readonly PlannedResource[] }) {
  return (
    <ul className="divide-y overflow-hidden rounded-xl border" aria-label={t("What will happen")}>
      {byWeight(resources).map((each) => (
        <li key={`${each.kind}/${each.key}`}>
          <ResourceView resource={each} />
        </li>
      ))}
    </ul>
  );
}

function ResourceView({ resource }: { resource: PlannedResource }) {
  if (resource.changes.length === 0) {
    return (
      <div className="flex items-center gap-3 py-3 ps-4 pe-11">
        <Head resource={resource} isLinked />
      </div>
    );
  }
  return (
    <details className="group" open={resource.action === "conflict"}>
      <summary className="flex items-center gap-3 px-4 py-3 hover:bg-hover">
        <Head resource={resource} />
        <ChevronRight className="size-4 shrink-0 text-muted transition-transform group-open:rotate-90 rtl:-scale-x-100" aria-hidden />
      </summary>
      <div className="grid gap-3 border-t bg-panel p-4">
        <p>
          <Named resource={resource}>{t("Open it")}</Named>
        </p>
        <ul className="grid gap-3">
          {resource.changes.map((each) => (
            <ChangeView key={each.path} change={each} />
          ))}
        </ul>
      </div>
    </details>
  );
}

/** `isLinked`: not within a summary, which is a button itself. */
function Head({ resource, isLinked = false }: { resource: PlannedResource; isLinked?: boolean }) {
  const action = ACTIONS[resource.action];
  return (
    <>
      <span className="min-w-0 flex-1">
        <span dir="auto" className="block truncate font-medium">
          {isLinked ? <Named resource={resource}>{resource.name}</Named> : resource.name}
        </span>
        <span className="block truncate text-xs text-muted">
          {t(KINDS[resource.kind].label)} · <code className="font-mono">{resource.key}</code>
        </span>
      </span>
      <Badge tone={action.tone}>{t(action.label)}</Badge>
    </>
  );
}

function Named({ resource, children }: { resource: PlannedResource; children: ReactNode }) {
  const { uuid } = useWorkspace();
  const link = placeOf(uuid, resource);
  return link ? (
    <Link {...link} className="underline decoration-line underline-offset-4 hover:decoration-current">
      {children}
    </Link>
  ) : (
    children
  );
}

function placeOf(workspace: string, { kind, uuid }: PlannedResource): LinkProps | null {
  if (uuid === null) return null;
  switch (kind) {
    case "agents":
      return linkOptions({ to: "/w/$workspace/agents/$agent", params: { workspace, agent: uuid } });
    case "guardrails":
      return linkOptions({ to: "/w/$workspace/guardrails/$guardrail", params: { workspace, guardrail: uuid } });
    case "prompts":
      return linkOptions({ to: "/w/$workspace/prompts/$prompt", params: { workspace, prompt: uuid } });
    case "tools":
      return linkOptions({ to: "/w/$workspace/tools/$tool", params: { workspace, tool: uuid } });
    case "workflows":
      return linkOptions({ to: "/w/$workspace/workflows/$workflow", params: { workspace, workflow: uuid } });
    default:
      return null;
  }
}

function ChangeView({ change }: { change: Schemas["BundleChange"] }) {
  const lines = change.lines ?? [`- ${written(change.before)}`, `+ ${written(change.after)}`];
  return (
    <li className="overflow-hidden rounded-lg border bg-canvas">
      <p className="border-b px-3 py-1.5 font-mono text-xs break-all text-muted">{change.path}</p>
      <pre tabIndex={0} aria-label={change.path} className="max-h-80 overflow-auto font-mono text-[13px]">
        {lines.map((line, at) => (
          <Line key={at} line={line} />
        ))}
      </pre>
    </li>
  );
}

function Line({ line }: { line: string }) {
  const tone = line.startsWith("+") ? "bg-success-soft text-success" : line.startsWith("-") ? "bg-danger-soft text-danger" : "text-muted";
  return <div className={cn("px-3 py-0.5 break-words whitespace-pre-wrap", tone)}>{line || " "}</div>;
}

function written(value: unknown): string {
  return value === null || value === undefined ? t("as usual") : typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
