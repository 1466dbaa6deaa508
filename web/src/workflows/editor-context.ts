import { createContext, useContext, type Dispatch } from "react";

import type { Schemas } from "@/api/client";

import type { NodeStatus, NodeTotals, RunStatus } from "./execution";
import type { Action, Editing, Kinds } from "./graph";
import type { Workflow } from "./queries";
import type { EditorSearch } from "./routes";

export type Execution = Schemas["WorkflowExecution"];
export type Problem = Schemas["GraphProblem"];

/** An execution whose states are on the canvas. */
export interface Shown {
  uuid: string;
  status: RunStatus;
  states: Readonly<Record<string, NodeStatus>>;
  /** In full, as far as it was read. */
  nodes: Readonly<Record<string, NodeTotals>>;
  execution: Execution | undefined;
  isLost: boolean;
  /** Whether the canvas shows the graph as it ran, rather than as it is now. */
  isPast: boolean;
}

export interface Editor {
  workflow: Workflow;
  kinds: Kinds;
  state: Editing;
  dispatch: Dispatch<Action>;
  isReadOnly: boolean;
  isChanged: boolean;
  problems: readonly Problem[];
  shown: Shown | null;
  search: EditorSearch;
  go: (search: EditorSearch) => void;
  /** Selects nodes or edges, and brings the first one into view. */
  reveal: (ids: readonly string[]) => void;
  /** Saves what is changed; the version that it is then, or null where it could not be saved. */
  save: () => Promise<string | null>;
  /** Runs the workflow as it is saved then, and shows it. */
  run: (body: Schemas["WorkflowRun"]) => Promise<void>;
  retry: (execution: string, body: Schemas["ExecutionRetry"]) => Promise<void>;
}

export const EditorContext = createContext<Editor | null>(null);

export function useEditor(): Editor {
  return useContext(EditorContext) as Editor;
}
