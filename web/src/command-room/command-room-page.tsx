import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ListTodo, Plus, Trash2 } from "lucide-react";
import { useState } from "react";

import { given } from "@/api/lists";
import { oneOf } from "@/executions/search";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Input, Select } from "@/ui/field";
import { Listing, Skeleton } from "@/ui/listing";
import { Page, Section } from "@/ui/page";
import { SearchField } from "@/ui/search-field";
import { Empty, Failure } from "@/ui/state";
import { Table, type Column } from "@/ui/table";
import { notifyFailure } from "@/ui/toasts";

import { changeTask, refreshTasks, removeTask, suggestionsQuery, TASK_STATUSES, tasksQuery, type Task, type TaskFilters, type TaskStatus } from "./queries";
import { SuggestionCard } from "./suggestion-card";
import { TaskDialog } from "./task-dialog";

const route = getRouteApi("/w/$workspace/command-room");
const STATUS_NAMES: Record<TaskStatus, { label: string }> = {
  open: { label: "Open" },
  done: { label: "Done" },
  dismissed: { label: "Dismissed" },
};

export function CommandRoomPage() {
  const { uuid, may } = useWorkspace();
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const [isAdding, setAdding] = useState(false);
  const query = useInfiniteQuery(tasksQuery(uuid, filters));
  const show = (changes: { [Name in keyof TaskFilters]: TaskFilters[Name] | undefined }): void =>
    void navigate({ search: given({ ...filters, ...changes }), replace: true });
  const add = may("command_room_tasks.create") && (
    <Button kind="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden />
      {t("Add a task")}
    </Button>
  );
  return (
    <Page title={t("Command room")} about={t("What people do, and what of it Athena could do.")} actions={add}>
      <Suggestions />
      <Section title={t("Tasks")}>
        <div className="flex flex-wrap gap-2">
          <SearchField value={filters.search ?? ""} onSearch={(search) => show({ search })} />
          <Select aria-label={t("Status")} className="h-9 w-auto" value={filters.status ?? ""} onChange={(event) => show({ status: oneOf(TASK_STATUSES, event.target.value) })}>
            <option value="">{t("Any status")}</option>
            {TASK_STATUSES.map((each) => (
              <option key={each} value={each}>
                {t(STATUS_NAMES[each].label)}
              </option>
            ))}
          </Select>
          <Input
            key={filters.app}
            aria-label={t("Application")}
            placeholder={t("Application")}
            className="h-9 w-40"
            defaultValue={filters.app}
            onBlur={(event) => show({ app: event.target.value.trim() || undefined })}
            onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
          />
        </div>
        <Listing query={query} empty={<Empty icon={<ListTodo aria-hidden />} title={t("No tasks")}>{t("Programs that watch over what is done store it here; you can add a task by hand, too.")}</Empty>}>
          {(tasks) => <Table label={t("Tasks")} columns={COLUMNS} rows={tasks} keyOf={(each) => each.uuid} />}
        </Listing>
      </Section>
      {isAdding && <TaskDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

function Suggestions() {
  const { uuid } = useWorkspace();
  const query = useQuery(suggestionsQuery(uuid));
  if (query.isPending) return <Skeleton rows={2} />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Section title={t("Suggestions")} about={t("What was done again and again in the last 30 days.")}>
      {query.data.length === 0 ? (
        <p className="rounded-xl border p-4 text-muted">{t("Nothing was repeated yet: the same steps three times, in two sessions, make a suggestion.")}</p>
      ) : (
        <ul className="grid gap-3 md:grid-cols-2">
          {query.data.map((each) => (
            <SuggestionCard key={each.key} suggestion={each} />
          ))}
        </ul>
      )}
    </Section>
  );
}

const COLUMNS: readonly Column<Task>[] = [
  {
    id: "title",
    label: "Task",
    show: (each) => (
      <div className="min-w-32">
        <p dir="auto" className="font-medium break-words">
          {each.title}
        </p>
        {each.suggestion && <p className="text-xs text-muted">{each.suggestion.name}</p>}
      </div>
    ),
  },
  { id: "app", label: "Application", isMinor: true, show: (each) => [each.app, each.action].filter(Boolean).join(" · ") || "–" },
  { id: "time", label: "Time", isNumber: true, isMinor: true, show: (each) => formatTime(each.occurred_at) },
  { id: "status", label: "Status", show: (each) => <StatusChoice task={each} /> },
  { id: "remove", label: null, className: "w-10", show: (each) => <Remove task={each} /> },
];

function StatusChoice({ task }: { task: Task }) {
  const { uuid, may } = useWorkspace();
  const change = useMutation({
    mutationFn: (status: TaskStatus) => changeTask(uuid, task.uuid, status),
    onError: notifyFailure,
    onSettled: () => refreshTasks(uuid),
  });
  if (!may("command_room_tasks.update")) return t(STATUS_NAMES[task.status].label);
  return (
    <Select
      aria-label={t("Status of {name}", { name: task.title })}
      className="h-8 w-auto"
      value={change.isPending ? change.variables : task.status}
      onChange={(event) => change.mutate(event.target.value as TaskStatus)}
    >
      {TASK_STATUSES.map((each) => (
        <option key={each} value={each}>
          {t(STATUS_NAMES[each].label)}
        </option>
      ))}
    </Select>
  );
}

function Remove({ task }: { task: Task }) {
  const { uuid, may } = useWorkspace();
  const [isAsked, setAsked] = useState(false);
  const remove = async (): Promise<void> => {
    await removeTask(uuid, task.uuid);
    await refreshTasks(uuid);
  };
  if (!may("command_room_tasks.delete")) return null;
  return (
    <>
      <IconButton label={t("Remove {name}", { name: task.title })} onClick={() => setAsked(true)}>
        <Trash2 aria-hidden />
      </IconButton>
      {isAsked && (
        <Confirm title={t("Remove this task?")} action={t("Remove")} onConfirm={remove} onClose={() => setAsked(false)}>
          {t("“{name}” will be gone for good.", { name: task.title })}
        </Confirm>
      )}
    </>
  );
}
