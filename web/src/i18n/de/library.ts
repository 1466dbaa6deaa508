export const library: Record<string, string> = {};
