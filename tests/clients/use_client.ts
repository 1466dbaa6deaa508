// Uses the client for TypeScript against a server; started with an address, a token and a model server.
import { ApiError, Athena } from "./index.ts";

declare const process: { argv: string[] };
const [, , baseUrl = "", token = "", modelServer = ""] = process.argv;

function same(found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
  }
}

const athena = new Athena({ baseUrl, token });
const { data: providers } = await athena.get("/api/v1/providers", { query: { slug: "openai-compatible" } });
const { data: account } = await athena.post("/api/v1/accounts", {
  body: {
    name: "Scripted for the client",
    provider_uuid: providers[0]!.uuid,
    credentials: { base_url: modelServer, api_key: "sk-0123456789" },
  },
});

// An answer that was lost is asked for again, and nothing is done twice.
let lost = 0;
const forgetful = new Athena({
  baseUrl,
  token,
  fetch: async (...given) => {
    const answer = await fetch(...given);
    if (lost++ === 0) throw new TypeError("the connection broke");
    return answer;
  },
});
const { data: agent } = await forgetful.post("/api/v1/agents", {
  body: { name: "Once", model: "mock-t3", account_uuid: account.uuid },
});
same(lost, 2);
const named: string[] = [];
for await (const each of athena.list("/api/v1/agents", { query: { search: "Once" } })) named.push(each.uuid);
same(named, [agent.uuid]);

// Lists are gone through page by page.
const names = Array.from({ length: 5 }, (_, number) => `Paged ${number}`);
for (const name of names) await athena.post("/api/v1/prompts", { body: { name, content: "Hello" } });
const paged: string[] = [];
for await (const each of athena.list("/api/v1/prompts", { query: { per_page: 2, search: "Paged", sort: "created_at" } })) {
  paged.push(each.name);
}
same(paged, names);

// A stream whose connection breaks off, and breaks off again, tells every event once.
let connections = 0;
const broken = new Athena({
  baseUrl,
  token,
  fetch: async (...given) => {
    const answer = await fetch(...given);
    if (!answer.headers.get("Content-Type")?.startsWith("text/event-stream")) return answer;
    connections += 1;
    if (connections > 3) return answer;
    const reader = answer.body!.getReader();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        const { value } = await reader.read();
        if (value) controller.enqueue(value);
        await reader.cancel();
        controller.close();
      },
    });
    return new Response(body, { status: answer.status, headers: answer.headers });
  },
});
const stream = broken.stream("/api/v1/agents/{agent_uuid}/run", {
  path: { agent_uuid: agent.uuid },
  body: { input: "Tell me something." },
});
const ids: number[] = [];
let text = "";
for await (const event of stream) {
  ids.push(event.id);
  if (event.type === "message.delta") text += String(event.data["delta"]);
}
same(ids, ids.map((_, at) => at + 1));
if (connections < 2) throw new Error("the stream was not broken");
const { data: run } = await athena.get("/api/v1/runs/{run_uuid}", { path: { run_uuid: stream.runUuid! } });
same(run.status, "succeeded");
same((run.output as { message: { content: string } }).message.content, text);
let again = "";
for await (const piece of athena.events(run.uuid).text()) again += piece;
same(again, text);

// What the server refuses is an error with its code.
try {
  await athena.get("/api/v1/agents/{agent_uuid}", { path: { agent_uuid: "01980000-0000-7000-8000-000000000000" } });
  throw new Error("there is no such agent");
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  same([error.status, error.code], [404, "not_found"]);
}
same(await athena.delete("/api/v1/agents/{agent_uuid}", { path: { agent_uuid: agent.uuid } }), undefined);
