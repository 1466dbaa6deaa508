/** What has a thread answered: a new message, an edited one, or the same one again. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { api, ApiError, newKey, value, type Schemas } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";

const ATTEMPTS = 4;

export const DEFAULT_NAME = "New thread";

/** What a thread is called in the page: one without a name of its own as the button that made it. */
export function nameOf(name: string): string {
  return name === DEFAULT_NAME ? t("New chat") : name;
}

export interface Speakers {
  agent: string | null;
  model: string | null;
}

export interface Sending {
  /** By which each attempt is known as the same one. */
  key: string;
  /** What is said; null has the message `parent` answered anew. */
  said: { text: string; media: readonly { uuid: string; name: string }[] } | null;
  /** What it follows; undefined: nothing, in a new thread. */
  parent: string | null | undefined;
  /** Who answers in a new thread, where it is not who was chosen. */
  agent?: string;
}

export function sending(said: Sending["said"], parent: Sending["parent"]): Sending {
  return { key: newKey(), said, parent };
}

function bodyOf({ said, parent }: Sending): Schemas["ThreadRun"] {
  const message = said && {
    content: said.text,
    attachments: said.media.map((each) => ({ media_uuid: each.uuid, name: each.name })),
  };
  return { background: true, ...(message ? { message } : {}), ...(parent === undefined ? {} : { parent_uuid: parent }) };
}

interface SendOptions {
  /** What a thread is called that begins with this. */
  name?: string;
  /** Told where it was said; without it the thread's page is opened. */
  onSent?: (thread: string) => void;
}

/** Starts the answer in the background: whoever looks follows its events, now and after a reload. */
export function useSend(thread: string | undefined, speakers: Speakers, { name = DEFAULT_NAME, onSent }: SendOptions = {}) {
  const workspace = useWorkspace();
  const client = useQueryClient();
  const navigate = useNavigate();
  const query = { workspace_uuid: workspace.uuid };

  const create = async ({ key, agent = speakers.agent ?? undefined }: Sending): Promise<string> => {
    const body = {
      name,
      ...(agent ? { agent_uuid: agent } : {}),
      ...(speakers.model ? { metadata: { model: speakers.model } } : {}),
    };
    const header = { "Idempotency-Key": `${key}-thread` };
    return (await value(api.POST("/api/v1/threads", { params: { query, header }, body }))).data.uuid;
  };

  return useMutation({
    mutationFn: async (given: Sending) => {
      const uuid = thread ?? (await create(given));
      const params = { path: { thread_uuid: uuid }, query, header: { "Idempotency-Key": given.key } };
      await api.POST("/api/v1/threads/{thread_uuid}/run", { params, body: bodyOf(given) });
      return uuid;
    },
    // The key makes it safe: what arrived already is not done twice.
    retry: (count, error) => count < ATTEMPTS && error instanceof ApiError && error.status === 0,
    retryDelay: (count) => 500 * 2 ** count,
    onSuccess: async (uuid) => {
      void client.invalidateQueries({ queryKey: ["threads"] });
      await client.invalidateQueries({ queryKey: ["messages", workspace.uuid, uuid] });
      if (onSent) return onSent(uuid);
      await navigate({
        to: "/w/$workspace/chat/$thread",
        params: { workspace: workspace.uuid, thread: uuid },
        search: {},
        replace: thread !== undefined,
      });
    },
  });
}
