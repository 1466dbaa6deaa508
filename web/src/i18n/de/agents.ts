export const agents: Record<string, string> = {};
