export const workflows: Record<string, string> = {};
