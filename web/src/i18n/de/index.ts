/** German, in the files of the parts of the console that say it. */
import { agents } from "./agents";
import { base } from "./base";
import { budgets } from "./budgets";
import { bundles } from "./bundles";
import { dashboards } from "./dashboards";
import { datasets } from "./datasets";
import { demo } from "./demo";
import { executions } from "./executions";
import { library } from "./library";
import { memories } from "./memories";
import { prompts } from "./prompts";
import { settings } from "./settings";
import { variables } from "./variables";
import { workflows } from "./workflows";
import { workspace } from "./workspace";

export const PARTS: Record<string, Record<string, string>> = {
  base, agents, workflows, executions, library, memories, prompts, settings, dashboards, datasets, budgets, bundles, variables, workspace, demo,
};

export const de: Record<string, string> = Object.assign({}, ...Object.values(PARTS));
