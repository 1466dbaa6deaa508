/** What is remembered, where it is from, and what counts no more. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Brain, Pencil, Plus, Trash2 } from "lucide-react";
import { useCallback, useState, type ReactNode } from "react";

import { agentsQuery } from "@/api/queries";
import { formatNumber, formatPercent, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button, IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Select, Switch } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Page } from "@/ui/page";
import { SearchField } from "@/ui/search-field";
import { Empty } from "@/ui/state";

import { MemoryDialog } from "./memory-dialog";
import { KINDS, memoriesQuery, SCOPES, useDeleteMemory, type Memory, type MemoryFilters } from "./queries";
import { KIND_NAMES, SCOPE_NAMES } from "./words";

const route = getRouteApi("/w/$workspace/memories");

export function MemoriesPage() {
  const { uuid, may } = useWorkspace();
  const filters = route.useSearch();
  const [isMaking, setMaking] = useState(false);
  const query = useInfiniteQuery(memoriesQuery(uuid, filters));
  const isNarrowed = Object.keys(filters).length > 0;
  return (
    <Page
      title={t("Memories")}
      about={t("What agents and people keep for later, found by meaning and by words.")}
      width="text"
      actions={
        may("memories.create") && (
          <Button kind="primary" onClick={() => setMaking(true)}>
            <Plus aria-hidden /> {t("New memory")}
          </Button>
        )
      }
    >
      <Filters filters={filters} />
      <Listing
        query={query}
        empty={
          <Empty icon={<Brain aria-hidden />} title={isNarrowed ? t("Nothing such is remembered.") : t("Nothing is remembered yet.")}>
            {isNarrowed ? t("Search for something else, or take a filter away.") : t("Write something down, or let an agent remember what it is told.")}
          </Empty>
        }
      >
        {(items) => (
          <ul className="grid gap-3" aria-label={t("Memories")}>
            {items.map((each) => (
              <Item key={each.uuid} memory={each} />
            ))}
          </ul>
        )}
      </Listing>
      {isMaking && <MemoryDialog onClose={() => setMaking(false)} />}
    </Page>
  );
}

function Filters({ filters }: { filters: MemoryFilters }) {
  const { uuid, may } = useWorkspace();
  const navigate = route.useNavigate();
  const agents = useQuery({ ...agentsQuery(uuid), enabled: may("agents.view") });
  const change = useCallback(
    (name: keyof MemoryFilters, value: string | true | undefined) =>
      void navigate({
        search: (present) => {
          const { [name]: _former, ...others } = present;
          return value ? { ...others, [name]: value } : others;
        },
        replace: true,
      }),
    [navigate],
  );
  const onSearch = useCallback((text: string) => change("search", text), [change]);
  return (
    <div className="flex flex-wrap items-center gap-2">
      <SearchField label={t("Search memories")} value={filters.search ?? ""} onSearch={onSearch} />
      <Select aria-label={t("Kind")} className="h-9 w-auto" value={filters.kind ?? ""} onChange={(event) => change("kind", event.target.value)}>
        <option value="">{t("All kinds")}</option>
        {KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {t(KIND_NAMES[kind].label)}
          </option>
        ))}
      </Select>
      <Select aria-label={t("Counts for")} className="h-9 w-auto" value={filters.scope ?? ""} onChange={(event) => change("scope", event.target.value)}>
        <option value="">{t("Whatever it counts for")}</option>
        {SCOPES.map((scope) => (
          <option key={scope} value={scope}>
            {t(SCOPE_NAMES[scope].label)}
          </option>
        ))}
      </Select>
      {(agents.data?.length ?? 0) > 0 && (
        <Select aria-label={t("Agent")} className="h-9 w-auto max-w-48" value={filters.agent ?? ""} onChange={(event) => change("agent", event.target.value)}>
          <option value="">{t("All agents")}</option>
          {agents.data?.map((agent) => (
            <option key={agent.uuid} value={agent.uuid}>
              {agent.name}
            </option>
          ))}
        </Select>
      )}
      <Switch label={t("Also what was replaced")} isOn={filters.replaced ?? false} onChange={(isOn) => change("replaced", isOn || undefined)} />
    </div>
  );
}

function Item({ memory }: { memory: Memory }) {
  const { may } = useWorkspace();
  const [asked, setAsked] = useState<"edit" | "delete" | null>(null);
  const remove = useDeleteMemory(memory.uuid);
  const close = (): void => setAsked(null);
  return (
    <li className="grid gap-2 rounded-xl border p-4">
      <div className="flex items-start gap-2">
        <p dir="auto" className="min-w-0 flex-1 break-words whitespace-pre-wrap">
          {memory.content}
        </p>
        {may("memories.update") && (
          <IconButton label={t("Edit")} onClick={() => setAsked("edit")}>
            <Pencil />
          </IconButton>
        )}
        {may("memories.delete") && (
          <IconButton label={t("Delete")} onClick={() => setAsked("delete")}>
            <Trash2 />
          </IconButton>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-muted">
        <Badge tone="accent">{t(KIND_NAMES[memory.kind].label)}</Badge>
        <Badge>{t(SCOPE_NAMES[memory.scope].label)}</Badge>
        {memory.score !== null && <span>{t("Fits {part}", { part: formatPercent(memory.score) })}</span>}
        {memory.confidence < 1 && <span>{t("Certain {part}", { part: formatPercent(memory.confidence) })}</span>}
        <span>{formatTime(memory.created_at)}</span>
        {memory.used_count > 0 && <span>{t("Used {count} times", { count: formatNumber(memory.used_count) })}</span>}
        {memory.expires_at && <span>{t("Until {time}", { time: formatTime(memory.expires_at) })}</span>}
        {memory.supersedes_uuid && <span>{t("Replaces an older one")}</span>}
        <Origin source={memory.source} />
      </div>
      {asked === "edit" && <MemoryDialog memory={memory} onClose={close} />}
      {asked === "delete" && (
        <Confirm title={t("Forget this?")} action={t("Delete")} onConfirm={() => remove.mutateAsync()} onClose={close}>
          {t("“{name}” will be gone for good.", { name: memory.content.slice(0, 200) })}
        </Confirm>
      )}
    </li>
  );
}

/** Where it is from. */
function Origin({ source }: { source: Memory["source"] }) {
  const { uuid } = useWorkspace();
  if (!source) return null;
  const place = [source.title, source.location].filter(Boolean).join(", ");
  const from = (shown: ReactNode): ReactNode => (
    <span>
      {t("Origin")}: {shown}
    </span>
  );
  if (source.type === "thread" && source.uuid) {
    return from(
      <Link to="/w/$workspace/chat/$thread" params={{ workspace: uuid, thread: source.uuid }} className="text-accent-ink underline">
        {place || t("A chat")}
      </Link>,
    );
  }
  if (source.url && /^https?:/i.test(source.url)) {
    return from(
      <a href={source.url} target="_blank" rel="noopener noreferrer nofollow" className="break-all text-accent-ink underline">
        {place || source.url}
      </a>,
    );
  }
  return from(place || (source.type === "message" ? t("A message") : t("A text")));
}
