export const executions: Record<string, string> = {};
