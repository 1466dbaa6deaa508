import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { api, ApiError, value } from "@/api/client";
import type { Tagged } from "@/api/items";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Switch } from "@/ui/field";
import { Fresh } from "@/ui/fresh";
import { Skeleton } from "@/ui/listing";
import { SaveFailure } from "@/ui/save-failure";
import { SearchField } from "@/ui/search-field";
import { Failure } from "@/ui/state";

import { EVERYTHING, groupsOf, matching, toggled, type EventGroup } from "./webhook-events";
import { eventTypesQuery, readWebhook, refreshWebhooks, updateWebhook, type Webhook } from "./webhook-queries";

interface WebhookDialogProps {
  /** The one that is changed; a new one is made without it. */
  webhook?: string;
  onClose: () => void;
  /** Told of the one that was made, with its secret. */
  onMade?: (webhook: string, secret: string) => void;
}

/** Where to send which events. */
export function WebhookDialog({ webhook, ...rest }: WebhookDialogProps) {
  const { uuid } = useWorkspace();
  const title = webhook === undefined ? t("New webhook") : t("Edit webhook");
  return (
    <Dialog title={title} className="max-h-[90dvh] w-[min(36rem,calc(100vw-2rem))] overflow-y-auto" onClose={rest.onClose}>
      {webhook === undefined ? (
        <WebhookForm {...rest} />
      ) : (
        <Fresh uuid={webhook} read={(signal) => readWebhook(uuid, webhook, signal)}>
          {(present, reload) => <WebhookForm present={present} onReload={reload} {...rest} />}
        </Fresh>
      )}
    </Dialog>
  );
}

interface WebhookFormProps extends Omit<WebhookDialogProps, "webhook"> {
  present?: Tagged<Webhook>;
  onReload?: () => void;
}

function WebhookForm({ present, onClose, onMade, onReload = () => undefined }: WebhookFormProps) {
  const { uuid: workspace } = useWorkspace();
  const [url, setUrl] = useState(present?.item.url ?? "");
  const [description, setDescription] = useState(present?.item.description ?? "");
  const [events, setEvents] = useState<readonly string[]>(present?.item.event_types ?? [EVERYTHING]);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const problems = error instanceof ApiError ? error.problems : {};
  const eventProblem = Object.entries(problems).find(([path]) => path.startsWith("event_types"))?.[1];
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const body = { url, description, event_types: [...events] };
    try {
      if (present) await updateWebhook(workspace, present.item.uuid, body, present.etag);
      else {
        const { data } = await value(api.POST("/api/v1/webhooks", { params: { query: { workspace_uuid: workspace } }, body }));
        await refreshWebhooks(workspace);
        onMade?.(data.uuid, data.secret);
      }
      onClose();
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => void submit(event)}>
      <Field
        label={t("Address")}
        required
        inputMode="url"
        placeholder="https://example.com/hooks/athena"
        value={url}
        problem={problems["url"]}
        onChange={(event) => setUrl(event.target.value)}
      />
      <Field label={t("Description")} value={description} problem={problems["description"]} onChange={(event) => setDescription(event.target.value)} />
      <EventsField values={events} problem={eventProblem} onChange={setEvents} />
      {Object.keys(problems).length === 0 && <SaveFailure error={error} onReload={onReload} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t("Cancel")}</Button>
        <Button kind="primary" type="submit" disabled={isBusy || events.length === 0}>
          {present ? t("Save") : t("Make webhook")}
        </Button>
      </div>
    </form>
  );
}

interface EventsFieldProps {
  values: readonly string[];
  problem: string | undefined;
  onChange: (values: readonly string[]) => void;
}

function EventsField({ values, problem, onChange }: EventsFieldProps) {
  const { uuid } = useWorkspace();
  const types = useQuery(eventTypesQuery(uuid));
  const [search, setSearch] = useState("");
  const isAll = values.includes(EVERYTHING);
  const groups = groupsOf(types.data ?? []);
  return (
    <fieldset className="grid min-w-0 gap-2">
      <legend className="mb-2 font-medium">{t("Events")}</legend>
      <Switch label={t("All events")} hint={t("Also those that later versions add.")} isOn={isAll} onChange={(isOn) => onChange(isOn ? [EVERYTHING] : [])} />
      {!isAll && (
        <>
          <SearchField label={t("Search events")} value={search} onSearch={setSearch} className="md:w-full" />
          {types.isPending && <Skeleton rows={4} />}
          {types.isError && <Failure error={types.error} onRetry={() => void types.refetch()} />}
          {types.data && (
            <ul className="max-h-[min(18rem,34dvh)] divide-y overflow-y-auto rounded-lg border" tabIndex={0} aria-label={t("Events")}>
              {matching(groups, search).map((group) => (
                <Group key={group.family} group={group} values={values} onChange={onChange} />
              ))}
            </ul>
          )}
        </>
      )}
      {!isAll && values.length === 0 && <p className="text-xs text-muted">{t("Choose at least one.")}</p>}
      {problem && <p className="text-danger">{problem}</p>}
    </fieldset>
  );
}

function Group({ group, values, onChange }: { group: EventGroup; values: readonly string[]; onChange: (values: readonly string[]) => void }) {
  const isWhole = values.includes(group.family);
  const box = (name: string, shown: string, isOn: boolean, look: string) => (
    <label key={name} className={`flex min-h-6 items-center gap-1.5 ${look}`}>
      <input type="checkbox" className="size-4 accent-accent" checked={isOn} onChange={() => onChange(toggled(values, group, name))} />
      {shown}
    </label>
  );
  return (
    <li className="px-3 py-2">
      {box(group.family, group.family, isWhole, "font-mono text-[13px] font-medium")}
      <div className="flex flex-wrap gap-x-4 ps-[1.375rem] text-muted">
        {group.names.map((name) => box(name, name.slice(name.indexOf(".") + 1).replaceAll("_", " "), isWhole || values.includes(name), ""))}
      </div>
    </li>
  );
}
