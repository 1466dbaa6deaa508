/** Gives an agent something to learn. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { FileText, Globe, MessageSquare, MessagesSquare, Type, Upload } from "lucide-react";
import { useRef, useState, type DragEvent, type FormEvent, type ReactNode } from "react";

import { api, type Schemas } from "@/api/client";
import { uploadFile } from "@/chat/uploads";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { cn } from "@/ui/classes";
import { Dialog } from "@/ui/dialog";
import { AreaField, Field, FieldFrame, Switch } from "@/ui/field";
import { NumberField } from "@/ui/number-field";
import { Picker } from "@/ui/picker";
import { Failure, Spinner } from "@/ui/state";

type SourceGiven = Schemas["AgentTraining"]["sources"][number];
type Kind = Exclude<SourceGiven["type"], "media">;

const KINDS: readonly { kind: Kind; label: string; icon: ReactNode }[] = [
  { kind: "text", label: "Text", icon: <Type aria-hidden /> },
  { kind: "url", label: "Web page", icon: <Globe aria-hidden /> },
  { kind: "qa", label: "Question and answer", icon: <MessagesSquare aria-hidden /> },
  { kind: "thread", label: "Chat", icon: <MessageSquare aria-hidden /> },
];

function useTrain(agent: string) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sources: SourceGiven[]) =>
      api.POST("/api/v1/agents/{agent_uuid}/train", {
        params: { path: { agent_uuid: agent }, query: { workspace_uuid: uuid } },
        body: { sources, background: true },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["sources", uuid, agent] }),
  });
}

export function AddSource({ agent }: { agent: string }) {
  const [kind, setKind] = useState<Kind | null>(null);
  return (
    <section aria-label={t("Add a source")} className="grid gap-3">
      <Files agent={agent} />
      <div className="flex flex-wrap gap-2">
        {KINDS.map((each) => (
          <Button key={each.kind} onClick={() => setKind(each.kind)}>
            {each.icon} {t(each.label)}
          </Button>
        ))}
      </div>
      {kind && <SourceDialog agent={agent} kind={kind} onClose={() => setKind(null)} />}
    </section>
  );
}

/** A place to drop files on. */
function Files({ agent }: { agent: string }) {
  const { uuid } = useWorkspace();
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const train = useTrain(agent);
  const upload = useMutation({
    mutationFn: async (files: File[]) => {
      const media = await Promise.all(files.map((file) => uploadFile(uuid, file)));
      await train.mutateAsync(media.map((each) => ({ type: "media", media_uuid: each.uuid })));
    },
  });
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    upload.mutate([...event.dataTransfer.files]);
  };
  return (
    <>
      <button
        type="button"
        onClick={() => input.current?.click()}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
        className={cn(
          "flex flex-col items-center gap-1 rounded-xl border-2 border-dashed px-4 py-6 text-muted hover:bg-hover",
          isOver && "border-accent bg-accent-soft text-accent-ink",
        )}
      >
        {upload.isPending ? <Spinner label={t("Uploading")} /> : <Upload className="size-5" aria-hidden />}
        <span className="font-medium text-ink">{t("Drop files here, or choose them")}</span>
        <span className="flex items-center gap-1 text-xs">
          <FileText className="size-3.5" aria-hidden />
          {t("PDF, Word, HTML, Markdown, CSV, text and images")}
        </span>
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length > 0) upload.mutate(files);
        }}
      />
      {upload.isError && <Failure error={upload.error} />}
    </>
  );
}

interface SourceDialogProps {
  agent: string;
  kind: Kind;
  onClose: () => void;
}

function SourceDialog({ agent, kind, onClose }: SourceDialogProps) {
  const [source, setSource] = useState<SourceGiven | null>(null);
  const train = useTrain(agent);
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (source) train.mutate([source], { onSuccess: onClose });
  };
  const label = KINDS.find((each) => each.kind === kind)?.label ?? "";
  const Fields = FIELDS[kind];
  return (
    <Dialog title={t(label)} onClose={onClose} className="w-[min(36rem,calc(100vw-2rem))]">
      <form onSubmit={onSubmit} className="grid gap-4">
        <Fields onChange={setSource} />
        {train.isError && <Failure error={train.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={train.isPending || source === null}>
            {t("Teach it")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldsProps {
  /** Told the source that the fields make, or that they make none yet. */
  onChange: (source: SourceGiven | null) => void;
}

const FIELDS: Record<Kind, (props: FieldsProps) => ReactNode> = {
  text: TextFields,
  url: UrlFields,
  qa: QaFields,
  thread: ThreadFields,
};

function TextFields({ onChange }: FieldsProps) {
  const [value, setValue] = useState({ title: "", text: "" });
  const set = (changes: Partial<typeof value>): void => {
    const next = { ...value, ...changes };
    setValue(next);
    onChange(next.title.trim() && next.text.trim() ? { type: "text", ...next } : null);
  };
  return (
    <>
      <Field label={t("Title")} hint={t("The same title again replaces what it taught.")} required autoFocus maxLength={255} value={value.title} onChange={(event) => set({ title: event.target.value })} />
      <AreaField label={t("Text")} required rows={10} maxLength={1_000_000} value={value.text} onChange={(event) => set({ text: event.target.value })} />
    </>
  );
}

function UrlFields({ onChange }: FieldsProps) {
  const [value, setValue] = useState({ url: "", sitemap: false, max_pages: 50 });
  const set = (changes: Partial<typeof value>): void => {
    const next = { ...value, ...changes };
    setValue(next);
    onChange(/^https?:\/\/\S+$/.test(next.url) ? { type: "url", ...next } : null);
  };
  return (
    <>
      <Field label={t("Address")} type="url" placeholder="https://" required autoFocus value={value.url} onChange={(event) => set({ url: event.target.value.trim() })} />
      <Switch label={t("All pages of its sitemap")} isOn={value.sitemap} onChange={(sitemap) => set({ sitemap })} />
      {value.sitemap && <NumberField label={t("Pages at most")} min={1} max={1000} value={value.max_pages} onChange={(pages) => set({ max_pages: pages ?? 50 })} />}
    </>
  );
}

function QaFields({ onChange }: FieldsProps) {
  const [value, setValue] = useState({ question: "", answer: "" });
  const set = (changes: Partial<typeof value>): void => {
    const next = { ...value, ...changes };
    setValue(next);
    onChange(next.question.trim() && next.answer.trim() ? { type: "qa", pairs: [next] } : null);
  };
  return (
    <>
      <Field label={t("Question")} required autoFocus maxLength={2_000} value={value.question} onChange={(event) => set({ question: event.target.value })} />
      <AreaField label={t("Answer")} required rows={5} maxLength={20_000} value={value.answer} onChange={(event) => set({ answer: event.target.value })} />
    </>
  );
}

function ThreadFields({ onChange }: FieldsProps) {
  const { uuid } = useWorkspace();
  const [search, setSearch] = useState("");
  const [thread, setThread] = useState<{ value: string; label: string } | null>(null);
  const found = useQuery({
    queryKey: ["threads", uuid, "named", search],
    queryFn: async ({ signal }) => (await threadPage(uuid, search, signal)).data,
  });
  const options = (found.data ?? []).map((each) => ({ value: each.uuid, label: each.name }));
  return (
    <FieldFrame label={t("Chat")} hint={t("What was asked and answered in it, along its latest branch.")}>
      {({ id }) => (
        <Picker
          id={id}
          isField
          label={t("Chat")}
          icon={<MessageSquare aria-hidden />}
          shown={thread?.label ?? t("Choose a chat")}
          value={thread?.value ?? null}
          options={options}
          onSearch={setSearch}
          onPick={(value) => {
            setThread(options.find((each) => each.value === value) ?? null);
            onChange({ type: "thread", thread_uuid: value });
          }}
          empty={t("No chat has this in its name.")}
        />
      )}
    </FieldFrame>
  );
}

async function threadPage(workspace: string, search: string, signal: AbortSignal) {
  const query = { workspace_uuid: workspace, per_page: 50, sort: "-last_message_at", ...(search ? { search } : {}) };
  return (await api.GET("/api/v1/threads", { params: { query }, signal })).data as Schemas["ThreadPage"];
}
