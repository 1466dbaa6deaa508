import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";

import { api, ApiError } from "@/api/client";
import { formatPercent } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Dialog } from "@/ui/dialog";
import { Field, Switch } from "@/ui/field";
import { Skeleton } from "@/ui/listing";
import { NumberField } from "@/ui/number-field";
import { Section } from "@/ui/page";
import { Failure } from "@/ui/state";

import { channelsQuery } from "./queries";

interface Channel {
  name: string;
  version: number;
  split: { version: number; weight: number } | null;
}

/** The names that lead to versions. */
export function Channels({ agent, newest }: { agent: string; newest: number }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const channels = useQuery(channelsQuery(uuid, agent));
  const [edited, setEdited] = useState<Channel | null>(null);
  const [removed, setRemoved] = useState<string | null>(null);
  const remove = useMutation({
    mutationFn: (channel: string) =>
      api.DELETE("/api/v1/agents/{agent_uuid}/channels/{channel}", {
        params: { path: { agent_uuid: agent, channel }, query: { workspace_uuid: uuid } },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["agents", uuid, agent, "channels"] }),
  });
  const mayChange = may("agents.update");
  return (
    <Section
      title={t("Channels")}
      about={t("Names that lead to a version, so that changes reach others when you say so.")}
      actions={
        mayChange && (
          <Button onClick={() => setEdited({ name: "", version: newest, split: null })}>
            <Plus aria-hidden /> {t("New channel")}
          </Button>
        )
      }
    >
      {channels.isError ? (
        <Failure error={channels.error} onRetry={() => void channels.refetch()} />
      ) : channels.isPending ? (
        <Skeleton rows={1} />
      ) : (
        channels.data.length > 0 && (
          <ul className="divide-y rounded-xl border" aria-label={t("Channels")}>
            {channels.data.map((each) => (
              <li key={each.name} className="flex items-center gap-2 py-2 ps-3 pe-1">
                <span className="min-w-0 flex-1">
                  <span className="block truncate font-medium">{each.name}</span>
                  <span className="block text-xs text-muted">{described(each)}</span>
                </span>
                {mayChange && (
                  <>
                    <IconButton label={t("Change {name}", { name: each.name })} onClick={() => setEdited(each)}>
                      <Pencil />
                    </IconButton>
                    <IconButton label={t("Remove {name}", { name: each.name })} onClick={() => setRemoved(each.name)}>
                      <Trash2 />
                    </IconButton>
                  </>
                )}
              </li>
            ))}
          </ul>
        )
      )}
      {edited && <ChannelDialog agent={agent} newest={newest} channel={edited} onClose={() => setEdited(null)} />}
      {removed !== null && (
        <Confirm title={t("Remove this channel?")} action={t("Remove")} onConfirm={() => remove.mutateAsync(removed)} onClose={() => setRemoved(null)}>
          {t("Who asks for “{name}” is told that there is none.", { name: removed })}
        </Confirm>
      )}
    </Section>
  );
}

function described({ version, split }: Channel): string {
  if (!split) return t("Version {number}", { number: version });
  return t("Version {number}, and {part} version {other}", { number: version, part: formatPercent(split.weight), other: split.version });
}

interface ChannelDialogProps {
  agent: string;
  newest: number;
  channel: Channel;
  onClose: () => void;
}

function ChannelDialog({ agent, newest, channel, onClose }: ChannelDialogProps) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const [value, setValue] = useState(channel);
  const save = useMutation({
    mutationFn: () =>
      api.PUT("/api/v1/agents/{agent_uuid}/channels/{channel}", {
        params: { path: { agent_uuid: agent, channel: value.name }, query: { workspace_uuid: uuid } },
        body: { version: value.version, split: value.split },
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["agents", uuid, agent, "channels"] });
      onClose();
    },
  });
  const problems = save.error instanceof ApiError ? save.error.problems : {};
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  const { split } = value;
  return (
    <Dialog title={channel.name || t("New channel")} onClose={onClose}>
      <form onSubmit={onSubmit} className="grid gap-4">
        {channel.name === "" && (
          <Field
            label={t("Name")}
            hint={t("Small letters, digits, - and _, such as production.")}
            required
            autoFocus
            pattern="[a-z0-9_\-]+"
            value={value.name}
            onChange={(event) => setValue({ ...value, name: event.target.value })}
          />
        )}
        <NumberField label={t("Version")} required min={1} max={newest} value={value.version} problem={problems["version"]} onChange={(version) => setValue({ ...value, version: version ?? 1 })} />
        <Switch
          label={t("Try another version on a part")}
          hint={t("A thread keeps the version that it got.")}
          isOn={split !== null}
          onChange={(isOn) => setValue({ ...value, split: isOn ? { version: newest, weight: 0.1 } : null })}
        />
        {split && (
          <div className="grid grid-cols-2 gap-4">
            <NumberField label={t("The other version")} required min={1} max={newest} value={split.version} problem={problems["split.version"]} onChange={(version) => setValue({ ...value, split: { ...split, version: version ?? 1 } })} />
            <NumberField
              label={t("Part in per cent")}
              required
              min={1}
              max={99}
              value={Math.round(split.weight * 100)}
              problem={problems["split.weight"]}
              onChange={(part) => setValue({ ...value, split: { ...split, weight: (part ?? 1) / 100 } })}
            />
          </div>
        )}
        {save.isError && <Failure error={save.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={save.isPending}>
            {t("Save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
