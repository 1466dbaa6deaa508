/** A workspace to look around in: made through the API, as users make what is in it, and marked so that it is found again. */
import { api, value, type Schemas } from "@/api/client";
import { modelsQuery, queryClient } from "@/api/queries";
import { t } from "@/i18n";

/** In the settings of the workspace. */
const MARK = "demo";
const MOST_WORKSPACES = 100;

/** What was ordered, from the smallest to what cannot be. */
const ORDERS = [
  { customer: "Ada", items: [{ name: "Bread", price: 4.5, count: 2 }] },
  { customer: "Grace", items: [{ name: "Cake", price: 38, count: 1 }, { name: "Tea", price: 6, count: 3 }] },
  { customer: "Edsger", items: [{ name: "Oven", price: 950, count: 1 }] },
  { customer: "Alan", items: [] },
] as const;

/** The demo that the user made before. */
export async function findDemo(): Promise<string | null> {
  const { data } = await value(api.GET("/api/v1/workspaces", { params: { query: { per_page: MOST_WORKSPACES } } }));
  return data.find((each) => each.settings[MARK] === true)?.uuid ?? null;
}

/** Makes one; its uuid. What was made of it goes again where that does not come to its end. */
export async function makeDemo(): Promise<string> {
  const body = { name: t("Demo"), description: t("A bakery, to look around in. Delete it when you have seen enough."), settings: { [MARK]: true } };
  const { uuid } = (await value(api.POST("/api/v1/workspaces", { body }))).data;
  try {
    await fill({ workspace_uuid: uuid });
  } catch (error) {
    await removeDemo(uuid);
    throw error;
  }
  return uuid;
}

export async function removeDemo(uuid: string): Promise<void> {
  await api.DELETE("/api/v1/workspaces/{workspace_uuid}", { params: { path: { workspace_uuid: uuid } } });
}

interface Query {
  workspace_uuid: string;
}

async function fill(query: Query): Promise<void> {
  const params = { query };
  const model = (await queryClient.fetchQuery(modelsQuery(query.workspace_uuid, "")))[0]?.name ?? null;
  const tool = await value(api.POST("/api/v1/tools", { params, body: { name: "calculator", type: "builtin", config: { name: "calculator" } } }));
  // One after the other: where one is refused, nothing of it may come after the workspace has gone again.
  await api.POST("/api/v1/agents", { params, body: { ...agent(), model, tool_uuids: [tool.data.uuid] } });
  await api.POST("/api/v1/prompts", { params, body: prompt() });
  await api.POST("/api/v1/memories", { params, body: { content: t("The bakery opens at six, and is closed on Mondays."), kind: "fact" } });
  await api.POST("/api/v1/datasets", { params, body: dataset() });
  await order(query);
}

function agent() {
  return {
    name: t("Baker"),
    description: t("Answers customers of the bakery."),
    system_prompt: t("You serve the customers of a small bakery. Answer kindly, and in at most three sentences. Calculate with the calculator."),
    metadata: { conversation_starters: `${t("When do you open?")}\n${t("What do seven loaves at 4.50 cost?")}` },
  };
}

function prompt() {
  return {
    name: t("A reply to a review"),
    description: t("Thanks, and answers what was criticised."),
    content: t("Answer this review of our bakery kindly, in {{sentences}} sentences: {{review}}"),
  };
}

function dataset() {
  return {
    name: t("What customers ask"),
    items: [
      { input: t("When do you open?"), expectations: [{ type: "regex", pattern: "(?i)six|sechs|6", weight: 1 } as const] },
      { input: t("What do seven loaves at 4.50 cost?"), expectations: [{ type: "regex", pattern: "31[.,]5", weight: 1 } as const] },
    ],
  };
}

/** A workflow that needs no model, and one execution of each kind: two that are done, one that waits, one that failed. */
async function order(query: Query): Promise<void> {
  const params = { query };
  const { uuid } = (await value(api.POST("/api/v1/workflows", { params, body: workflow() }))).data;
  for (const each of ORDERS) {
    await api.POST("/api/v1/workflows/{workflow_uuid}/run", {
      params: { query, path: { workflow_uuid: uuid } },
      body: { input: each as unknown as Record<string, never>, background: true, stream: false, test: false },
    });
  }
}

function workflow() {
  const total = "{{ trigger.input.items.map(i, i.price * i.count).sum() }}";
  const nodes: Schemas["Node"][] = [
    node("start", "manual_trigger", t("An order"), 0, 0, {}),
    node("empty", "if", t("Nothing in it?"), 300, 0, { condition: "{{ size(trigger.input.items) == 0 }}" }),
    node("refuse", "stop_with_error", t("Refuse it"), 620, -120, { message: t("The order has nothing in it.") }),
    node("total", "set", t("Add it up"), 620, 80, { fields: { customer: "{{ trigger.input.customer }}", total } }),
    node("large", "if", t("Large?"), 940, 80, { condition: "{{ input.total > 500 }}" }),
    node("ask", "approval", t("Ask the owner"), 1260, -20, { title: t("Bake for {{ nodes.total.output.total }}?"), payload: "{{ nodes.total.output }}" }),
    node("accept", "set", t("Accept it"), 1260, 200, { fields: { answer: t("Thank you, {{ nodes.total.output.customer }}: that is {{ nodes.total.output.total }}.") } }),
  ];
  const edges = [
    { source: "start", target: "empty" },
    { source: "empty", source_handle: "true", target: "refuse" },
    { source: "empty", source_handle: "false", target: "total" },
    { source: "total", target: "large" },
    { source: "large", source_handle: "true", target: "ask" },
    { source: "large", source_handle: "false", target: "accept" },
  ];
  return { name: t("Orders"), description: t("Adds an order up, refuses an empty one, and asks before a large one."), nodes, edges };
}

function node(id: string, type: string, name: string, x: number, y: number, data: Record<string, unknown>): Schemas["Node"] {
  return { id, type, name, position: { x, y }, data } as Schemas["Node"];
}
