export const dashboards: Record<string, string> = {};
