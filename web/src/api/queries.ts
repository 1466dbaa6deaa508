/** What the pages ask for, and how long it is good for. */
import { infiniteQueryOptions, keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";

import { applyPreferences } from "@/preferences";

import { api, ApiError, value } from "./client";
import { nextCursor } from "./lists";

const ATTEMPTS = 2;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) => count < ATTEMPTS && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

export const userQuery = queryOptions({
  queryKey: ["user"],
  queryFn: async () => {
    const user = (await value(api.GET("/api/v1/user"))).data;
    applyPreferences(user.preferences);
    return user;
  },
  staleTime: 60_000,
});

export const threadsQuery = (workspace: string, search: string) =>
  infiniteQueryOptions({
    queryKey: ["threads", workspace, search],
    queryFn: ({ pageParam, signal }) =>
      value(
        api.GET("/api/v1/threads", {
          params: {
            query: {
              workspace_uuid: workspace,
              cursor: pageParam,
              per_page: 50,
              sort: "-last_message_at",
              ...(search ? { search } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => nextCursor(page.meta),
    placeholderData: keepPreviousData,
  });

export const threadQuery = (workspace: string, thread: string) =>
  queryOptions({
    queryKey: ["thread", workspace, thread],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/threads/{thread_uuid}", {
            params: { path: { thread_uuid: thread }, query: { workspace_uuid: workspace } },
            signal,
          }),
        )
      ).data,
  });

export const messagesQuery = (workspace: string, thread: string) =>
  infiniteQueryOptions({
    queryKey: ["messages", workspace, thread],
    queryFn: ({ pageParam, signal }) =>
      value(
        api.GET("/api/v1/messages", {
          params: {
            query: {
              workspace_uuid: workspace,
              thread_uuid: thread,
              cursor: pageParam,
              per_page: 100,
              sort: "-created_at",
              with: "attachments",
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => nextCursor(page.meta),
  });

export const agentsQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["agents", workspace],
    queryFn: async ({ signal }) =>
      (
        await value(
          api.GET("/api/v1/agents", {
            params: { query: { workspace_uuid: workspace, per_page: 100, sort: "name" } },
            signal,
          }),
        )
      ).data,
    staleTime: 60_000,
  });

/** The models that can answer: those of the workspace's accounts, and the packaged one. */
export const modelsQuery = (workspace: string, search: string) =>
  queryOptions({
    queryKey: ["models", workspace, search],
    queryFn: async ({ signal }) => {
      const query = { workspace_uuid: workspace, per_page: 100 };
      const [accounts, local] = await Promise.all([
        value(api.GET("/api/v1/accounts", { params: { query }, signal })),
        value(api.GET("/api/v1/providers", { params: { query: { ...query, slug: "athena-local" } }, signal })),
      ]);
      const narrowed = { ...query, sort: "name", ...(search ? { search } : {}) };
      const pages = await Promise.all([
        ...local.data.map((each) => ({ ...narrowed, provider_uuid: each.uuid })),
        ...accounts.data.map((each) => ({ ...narrowed, account_uuid: each.uuid })),
      ].map((each) => value(api.GET("/api/v1/large-language-models", { params: { query: each }, signal }))));
      const found = new Map(pages.flatMap((page) => page.data).map((model) => [model.name, model]));
      return [...found.values()].filter((model) => !model.capabilities.includes("embeddings"));
    },
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });
