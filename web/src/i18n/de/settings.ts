export const settings: Record<string, string> = {};
