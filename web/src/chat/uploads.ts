/** Files that are to go with a message: each is uploaded as soon as it is there. */
import { useCallback, useState } from "react";

import { api, value, type Media } from "@/api/client";
import { useWorkspace } from "@/shell/workspace";

export interface Upload {
  id: number;
  name: string;
  size: number;
  /** To show an image before it is on the server. */
  preview: string | null;
  media: Media | null;
  error: unknown;
}

let next = 0;

export interface Uploads {
  list: readonly Upload[];
  isBusy: boolean;
  add: (files: Iterable<File>) => void;
  remove: (id: number) => void;
  clear: () => void;
}

export function useUploads(): Uploads {
  const { uuid } = useWorkspace();
  const [list, setList] = useState<readonly Upload[]>([]);

  const change = useCallback((id: number, changes: Partial<Upload>) => {
    setList((before) => before.map((each) => (each.id === id ? { ...each, ...changes } : each)));
  }, []);

  const add = useCallback(
    (files: Iterable<File>) => {
      for (const file of files) {
        const id = next++;
        const preview = file.type.startsWith("image/") ? URL.createObjectURL(file) : null;
        setList((before) => [...before, { id, name: file.name, size: file.size, preview, media: null, error: null }]);
        uploadFile(uuid, file).then(
          (media) => change(id, { media }),
          (error: unknown) => change(id, { error }),
        );
      }
    },
    [change, uuid],
  );

  const remove = useCallback((id: number) => {
    setList((before) => before.filter((each) => each.id !== id || void (each.preview && URL.revokeObjectURL(each.preview))));
  }, []);
  const clear = useCallback(() => setList([]), []);
  return { list, isBusy: list.some((each) => each.media === null && each.error === null), add, remove, clear };
}

/** Puts a file on the server. */
export async function uploadFile(workspace: string, file: File): Promise<Media> {
  const form = new FormData();
  form.append("file", file);
  const answer = api.POST("/api/v1/media", {
    params: { query: { workspace_uuid: workspace } },
    // The document knows a file as text.
    body: form as unknown as { file: string },
    bodySerializer: (body) => body as unknown as FormData,
  });
  return (await value(answer)).data;
}
