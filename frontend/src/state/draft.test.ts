import { beforeEach, expect, it, vi } from "vitest";
import { EXAMPLE, fromSpec, toRun, useDraft } from "./draft";
import { TYPING_MS, textChange } from "./typing";

const now = () => useDraft.getState();
const zero = (layer: number) => ({
  target: { site: "mlp_out" as const, layer },
  op: { kind: "zero" as const },
});

beforeEach(() => {
  vi.useFakeTimers();
  useDraft.setState({ draft: EXAMPLE, past: [], future: [], selected: 0, group: "edits" });
  vi.advanceTimersByTime(10 * TYPING_MS);
});

it("takes typed letters back as one step, and each pause ends a step", () => {
  now().change({ prompt: "The E" });
  now().change({ prompt: "The Ei" });
  now().change({ prompt: "The Eif" });
  vi.advanceTimersByTime(TYPING_MS + 1);
  now().change({ prompt: "The Eiff" });
  now().undo();
  expect(now().draft.prompt).toBe("The Eif");
  now().undo();
  expect(now().draft).toBe(EXAMPLE);
  now().redo();
  now().redo();
  expect(now().draft.prompt).toBe("The Eiff");
});

it("never joins two choices into one step", () => {
  now().change({ readPosition: 1 });
  now().change({ readPosition: 2 });
  now().undo();
  expect(now().draft.readPosition).toBe(1);
});

it("tells apart what was typed where", () => {
  expect(textChange({ a: "x", b: 1 }, { a: "y", b: 1 })).toBe("/a");
  expect(textChange({ a: ["x", "y"] }, { a: ["x", "z"] })).toBe("/a/1");
  expect(textChange({ a: "x", b: 1 }, { a: "y", b: 2 })).toBe("");
  expect(textChange({ a: ["x"] }, { a: ["x", "y"] })).toBe("");
});

it("brings back the draft that an opened experiment has replaced", () => {
  now().change({ prompt: "mine" });
  now().load(fromSpec({ prompt: "theirs" }, EXAMPLE));
  now().undo();
  expect(now().draft.prompt).toBe("mine");
  expect(now().future[0]?.prompt).toBe("theirs");
});

it("has nothing to undo where nobody wrote anything", () => {
  now().load(fromSpec({ prompt: "from a link" }, EXAMPLE));
  expect(now().past).toEqual([]);
});

it("reorders edits, and keeps the moved one selected", () => {
  now().change({ edits: [zero(0), zero(1), zero(2)] }, 2);
  now().move(2, -1);
  expect(now().draft.edits.map((edit) => edit.target.layer)).toEqual([0, 2, 1]);
  expect(now().selected).toBe(1);
  now().move(0, -1);
  expect(now().draft.edits[0]).toEqual(zero(0));
});

it("holds an edit and lets it go again", () => {
  now().change({ edits: [zero(0), zero(1)] }, 1);
  now().regroup();
  expect(toRun(now().draft)).toMatchObject({ edits: [zero(0)], held: [zero(1)] });
  expect([now().group, now().selected]).toEqual(["held", 0]);
  now().place({ site: "attn_out", layer: 4 }, false);
  expect(now().draft.held[0]?.target).toEqual({ site: "attn_out", layer: 4 });
  now().regroup();
  expect(now().draft.held).toEqual([]);
  expect(now().group).toBe("edits");
});

it("keeps a selection that exists when edits go", () => {
  now().change({ edits: [zero(0)], held: [zero(1)] });
  now().select(0, "held");
  now().remove(0, "held");
  expect([now().group, now().selected]).toEqual(["edits", 0]);
  now().remove(0);
  expect(now().selected).toBe(0);
});
