/** What the pages of datasets ask for. */
import { queryOptions } from "@tanstack/react-query";

import { api, value, type Schemas } from "@/api/client";
import { tagged } from "@/api/items";
import { given, listOptions } from "@/api/lists";

export type Dataset = Schemas["Dataset"];
export type Item = Schemas["DatasetItem"];

export interface DatasetSearch {
  search?: string;
}

export const datasetsQuery = (workspace: string, search = "") =>
  listOptions<Dataset>(["datasets", workspace, search], (cursor, signal) =>
    value(
      api.GET("/api/v1/datasets", {
        params: { query: { workspace_uuid: workspace, cursor, per_page: 100, sort: "name", ...given({ search }) } },
        signal,
      }),
    ),
  );

export const datasetQuery = (workspace: string, dataset: string) =>
  queryOptions({
    queryKey: ["datasets", workspace, "one", dataset],
    queryFn: ({ signal }) =>
      tagged<Dataset>(
        api.GET("/api/v1/datasets/{dataset_uuid}", {
          params: { path: { dataset_uuid: dataset }, query: { workspace_uuid: workspace } },
          signal,
        }),
      ),
  });

export const itemsQuery = (workspace: string, dataset: string, search: string) =>
  listOptions<Item>(["datasets", workspace, "items", dataset, search], (cursor, signal) =>
    value(
      api.GET("/api/v1/datasets/{dataset_uuid}/items", {
        params: {
          path: { dataset_uuid: dataset },
          query: { workspace_uuid: workspace, cursor, per_page: 50, ...given({ search }) },
        },
        signal,
      }),
    ),
  );

export function readItem(workspace: string, dataset: string, item: string, signal: AbortSignal) {
  const params = { path: { dataset_uuid: dataset, item_uuid: item }, query: { workspace_uuid: workspace } };
  return tagged<Item>(api.GET("/api/v1/datasets/{dataset_uuid}/items/{item_uuid}", { params, signal }));
}
