// Server-sent events over fetch: EventSource cannot send the access token.

export interface ServerEvent {
  id: string;
  type: string;
  data: string;
}

/** Feeds text chunks, cut anywhere, and returns the events that are complete so far. */
export function createParser(): (chunk: string) => ServerEvent[] {
  let rest = "";
  let lastId = "";
  let type = "";
  let data: string[] = [];

  function line(text: string, out: ServerEvent[]): void {
    if (text === "") {
      if (data.length) out.push({ id: lastId, type: type || "message", data: data.join("\n") });
      type = "";
      data = [];
      return;
    }
    if (text.startsWith(":")) return;
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") type = value;
    else if (field === "id") lastId = value;
  }

  return (chunk) => {
    const out: ServerEvent[] = [];
    const text = rest + chunk;
    // A trailing CR may be half of a CRLF: it waits for the next chunk.
    const held = text.endsWith("\r") ? "\r" : "";
    const lines = text.slice(0, text.length - held.length).split(/\r\n|\n|\r/);
    rest = lines.pop() + held;
    for (const each of lines) line(each, out);
    return out;
  };
}

export interface StreamOptions {
  headers: Record<string, string>;
  signal: AbortSignal;
  lastId?: string;
  onEvent: (event: ServerEvent) => void;
}

/** Reads one connection to its end and returns the last event id seen. */
export async function readStream(url: string, options: StreamOptions): Promise<string> {
  let last = options.lastId ?? "";
  const headers: Record<string, string> = { ...options.headers, Accept: "text/event-stream" };
  if (last) headers["Last-Event-ID"] = last;
  const response = await fetch(url, { headers, signal: options.signal });
  if (!response.ok || !response.body) throw new TypeError(`events: status ${response.status}`);
  const parse = createParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return last;
    for (const event of parse(value)) {
      last = event.id || last;
      options.onEvent(event);
    }
  }
}
