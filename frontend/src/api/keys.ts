// Names of what is cached, and what a job that is not over looks like.
export const keys = {
  jobs: ["jobs"] as const,
  model: ["model"] as const,
  plan: ["plan"] as const,
  record: (id: string) => ["record", id] as const,
  grid: (id: string) => ["grid", id] as const,
};

const ACTIVE = new Set(["queued", "running"]);

export function isActive({ state }: { state: string }): boolean {
  return ACTIVE.has(state);
}
