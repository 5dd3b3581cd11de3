// The access token arrives in the URL fragment, which browsers never send to a server.

const KEY = "neuronscope.token";

/** Moves a token from the address bar to this origin's storage. */
export function takeToken(location: Location, history: History, storage: Storage): void {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  storage.setItem(KEY, given);
  history.replaceState(history.state, "", location.pathname + location.search);
}

export function authorization(storage: Storage = localStorage): Record<string, string> {
  const token = storage.getItem(KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
}
