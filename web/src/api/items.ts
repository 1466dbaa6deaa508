/** Single resources, with the version that the server knows them by. */

export interface Tagged<Item> {
  item: Item;
  /** Sent back as `If-Match`, it has a change refused that would undo another's (412 `precondition_failed`). */
  etag: string;
}

/** The resource of an answer, whose errors were thrown, and its version. */
export async function tagged<Item>(answer: Promise<{ data?: { data: Item }; response: Response }>): Promise<Tagged<Item>> {
  const { data, response } = await answer;
  return { item: (data as { data: Item }).data, etag: response.headers.get("ETag") ?? "" };
}
