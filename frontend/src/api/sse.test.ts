import { describe, expect, it } from "vitest";
import { createParser } from "./sse";

const STREAM =
  'id: 1\nevent: progress\ndata: {"done":1}\n\n: keep-alive\n\nid: 2\r\nevent: end\r\ndata: a\r\ndata: b\r\n\r\n';

const EXPECTED = [
  { id: "1", type: "progress", data: '{"done":1}' },
  { id: "2", type: "end", data: "a\nb" },
];

describe("event parser", () => {
  it("gives the same events however the stream is cut", () => {
    for (let size = 1; size <= STREAM.length; size++) {
      const parse = createParser();
      const events = [];
      for (let at = 0; at < STREAM.length; at += size) {
        events.push(...parse(STREAM.slice(at, at + size)));
      }
      expect(events).toEqual(EXPECTED);
    }
  });

  it("keeps an unfinished event back", () => {
    expect(createParser()("id: 3\ndata: x\n")).toEqual([]);
  });

  it("ignores events without data", () => {
    expect(createParser()("event: progress\n\n")).toEqual([]);
  });
});
