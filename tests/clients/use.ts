// Uses each resource once through the generated types; started with an address, a token and a model server.
import createClient from "openapi-fetch";
import type { paths } from "./schema.ts";

declare const process: { argv: string[] };
const [, , baseUrl = "", token = "", modelServer = ""] = process.argv;
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

function given<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${answer.response.url}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

const user = given(await api.GET("/api/v1/user")).data;
const workspace = given(await api.GET("/api/v1/workspaces")).data[0]!;
const path = { workspace_uuid: workspace.uuid };
given(await api.PUT("/api/v1/workspaces/{workspace_uuid}", { params: { path }, body: { description: "Ours" } }));
given(await api.GET("/api/v1/workspaces/{workspace_uuid}/members", { params: { path } }));
const invitation = { email: "typescript@example.com", role: "viewer" as const };
given(await api.POST("/api/v1/workspaces/{workspace_uuid}/invitations", { params: { path }, body: invitation }));
given(await api.POST("/api/v1/workspaces/{workspace_uuid}/export", { params: { path } }));
given(await api.GET("/api/v1/permissions"));
const provider = given(await api.GET("/api/v1/providers", { params: { query: { slug: "openai-compatible" } } })).data[0]!;
const account = given(
  await api.POST("/api/v1/accounts", {
    body: {
      name: "Scripted",
      provider_uuid: provider.uuid,
      credentials: { base_url: modelServer, api_key: "sk-0123456789" },
    },
  }),
).data;
given(await api.POST("/api/v1/accounts/{account_uuid}/verify", { params: { path: { account_uuid: account.uuid } } }));
given(await api.GET("/api/v1/large-language-models", { params: { query: { account_uuid: account.uuid } } }));
const agent = given(
  await api.POST("/api/v1/agents", {
    body: {
      name: "Teller",
      model: "mock-t3",
      account_uuid: account.uuid,
      metadata: { temperature: 0.3, department: "sales" },
      with: "creator",
    },
  }),
).data;
const creator: string | undefined = agent.creator?.name;
if (creator !== user.name) throw new Error(`made by ${creator}`);
const thread = given(await api.POST("/api/v1/threads", { body: { name: "Story", agent_uuid: agent.uuid } })).data;
given(await api.POST("/api/v1/messages", { body: { thread_uuid: thread.uuid, role: "user", content: "Hello" } }));
const answered = given(
  await api.POST("/api/v1/threads/{thread_uuid}/run", {
    params: { path: { thread_uuid: thread.uuid }, header: { "Idempotency-Key": "use-ts" } },
    body: { message: "Tell me something." },
  }),
);
const run = answered.data;
if (typeof run === "string") throw new Error("an event of a stream was not asked for");
if (run.status !== "succeeded") throw new Error(run.status);
given(await api.GET("/api/v1/runs", { params: { query: { thread_uuid: thread.uuid, per_page: 5 } } }));
const page = given(await api.GET("/api/v1/threads", { params: { query: { sort: "-created_at", with: "creator,messages" } } }));
const threads: number | null | undefined = page.meta.total;
if (!threads || page.data[0]?.messages?.length === 0) throw new Error("no thread with messages");
given(await api.POST("/api/v1/prompts", { body: { name: "Summary", content: "Summarise {{text}}" } }));
given(await api.POST("/api/v1/memories", { body: { content: "Prefers short answers.", kind: "preference" } }));
given(await api.GET("/api/v1/memories", { params: { query: { query: "length of answers" } } }));
given(
  await api.POST("/api/v1/agents/{agent_uuid}/share", {
    params: { path: { agent_uuid: agent.uuid } },
    body: { grantee: "link", permission: "run" },
  }),
);
given(await api.POST("/api/v1/command-room-tasks", { body: { title: "Opened the order" } }));
given(await api.POST("/api/v1/webhooks", { body: { url: "https://example.com/hook", event_types: ["agent.*"] } }));
given(await api.GET("/api/v1/metrics/agents"));
given(await api.GET("/api/v1/agents/leaderboard"));
given(await api.GET("/api/v1/audit-events"));
const form = new FormData();
form.append("file", new Blob(["Hello"], { type: "text/plain" }), "a.txt");
given(await api.POST("/api/v1/media", { body: { file: "a.txt" }, bodySerializer: () => form }));
given(await api.POST("/api/v1/tokens", { body: { name: "Program", kind: "personal" } }));
given(await api.POST("/api/v1/variables", { body: { name: "LIMIT_TS", kind: "variable", value: 100 } }));
const total = { total: "{{ trigger.input.price * 2 }}", limit: "{{ workspace.variables.LIMIT_TS }}" };
const workflow = given(
  await api.POST("/api/v1/workflows", {
    body: {
      name: "Orders",
      status: "active",
      nodes: [
        { id: "start", type: "manual_trigger" },
        { id: "sum", type: "set", data: { fields: total } },
        { id: "ask", type: "approval", data: { title: "Pay {{ input.total }}?" } },
      ],
      edges: [
        { source: "start", target: "sum" },
        { source: "sum", target: "ask" },
      ],
    },
  }),
).data;
const of = { workflow_uuid: workflow.uuid };
given(await api.PUT("/api/v1/workflows/{workflow_uuid}", { params: { path: of }, body: { description: "Asks first." } }));
const accepted = given(
  await api.POST("/api/v1/workflows/{workflow_uuid}/run", {
    params: { path: of },
    body: { input: { price: 4 }, background: true },
  }),
);
if (typeof accepted.data === "string") throw new Error("an event of a stream was not asked for");
const executionPath = { workflow_execution_uuid: accepted.data.uuid };
const moment = () => new Promise((resolve) => setTimeout(resolve, 50));
let asked = given(await api.GET("/api/v1/approvals", { params: { query: of } })).data[0];
while (!asked) {
  await moment();
  asked = given(await api.GET("/api/v1/approvals", { params: { query: of } })).data[0];
}
if (asked.title !== "Pay 8?") throw new Error(asked.title);
given(
  await api.POST("/api/v1/approvals/{approval_uuid}/answer", {
    params: { path: { approval_uuid: asked.uuid } },
    body: { decision: "approved" },
  }),
);
const look = async () =>
  given(await api.GET("/api/v1/workflow-executions/{workflow_execution_uuid}", { params: { path: executionPath } })).data;
let execution = await look();
while (execution.status !== "succeeded") {
  await moment();
  execution = await look();
}
const sum = execution.data?.nodes["sum"]?.output;
if (JSON.stringify(sum) !== '{"limit":100,"total":8}') throw new Error(JSON.stringify(sum));
const query = { ...of, status: "succeeded" as const, with: "workflow" };
given(await api.GET("/api/v1/workflow-executions", { params: { query } }));
const counts = given(await api.GET("/api/v1/workflow-executions/counts", { params: { query: of } })).data;
if (counts.total !== 1) throw new Error(`${counts.total} executions`);
given(
  await api.POST("/api/v1/workflow-executions/{workflow_execution_uuid}/retry", {
    params: { path: executionPath },
    body: { from_node_id: "ask", background: true },
  }),
);
given(await api.POST("/api/v1/workflows/{workflow_uuid}/share", { params: { path: of }, body: { grantee: "link" } }));
const missing = await api.GET("/api/v1/agents/{agent_uuid}", { params: { path: { agent_uuid: user.uuid } } });
const code: string | undefined = missing.error?.code;
if (code !== "not_found") throw new Error(`unexpected ${code}`);
given(await api.GET("/api/v1/shares"));
