// The access token arrives in the URL fragment, which browsers never send to a server.

const KEY = "neuronscope.token";

/** Moves a token from the address bar to this origin's storage. */
export function takeToken(location: Location, history: History, storage: Storage): void {
  const parts = new URLSearchParams(location.hash.slice(1));
  const given = parts.get("token");
  if (!given) return;
  storage.setItem(KEY, given);
  parts.delete("token");
  const rest = parts.size ? `#${parts}` : "";
  history.replaceState(history.state, "", location.pathname + location.search + rest);
}

export function authorization(storage: Storage = localStorage): Record<string, string> {
  const token = storage.getItem(KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
}
