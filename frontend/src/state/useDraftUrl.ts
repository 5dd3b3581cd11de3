// Keeps the draft and the address together: a link or a reload brings the question back.
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import type { RunSpec, SweepSpec } from "../api/types";
import { useGivenDraft, withDraft } from "./address";
import { type Draft, fromSpec, useDraft } from "./draft";
import { decodeSpec, encodeSpec, same } from "./url";

const DEBOUNCE_MS = 200;

interface Options {
  id: string | null;
  /** The spec of the stored result at this address, once it is there. */
  stored: RunSpec | SweepSpec | null;
  toSpec: (draft: Draft) => RunSpec | SweepSpec;
}

/** Returns whether the draft asks something else than the stored result. */
export function useDraftUrl({ id, stored, toSpec }: Options): boolean {
  const [path, go] = useLocation();
  const { draft, example, load } = useDraft();
  const given = useGivenDraft();
  const written = useRef<string | null>(null);
  const loadedFor = useRef<string | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the address leads here, not the draft
  useEffect(() => {
    const current = useDraft.getState().draft;
    const take = (spec: RunSpec | SweepSpec) => {
      const next = fromSpec(spec, current);
      if (!same(toSpec(next), toSpec(current))) load(next);
    };
    if (given && given !== written.current) {
      const spec = decodeSpec(given);
      if (spec && typeof spec === "object") take(spec as RunSpec | SweepSpec);
      loadedFor.current = id;
    } else if (!given && id && stored && loadedFor.current !== id) {
      take(stored);
      loadedFor.current = id;
    } else if (!id) loadedFor.current = null;
    written.current = given;
  }, [given, id, stored]);

  const spec = toSpec(draft);
  const base = id ? (stored ? toSpec(fromSpec(stored, draft)) : null) : toSpec(example);
  const differs = base !== null && !same(spec, base);
  const ready = !id || (stored !== null && loadedFor.current === id);
  const text = differs ? encodeSpec(spec) : "";

  useEffect(() => {
    if (!ready || text === given) return;
    const timer = setTimeout(() => {
      // Effects end after the next view is drawn: whoever has left is not called back.
      if (window.location.pathname !== path) return;
      written.current = text;
      go(withDraft(path, window.location.search, text), { replace: true });
    }, DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [text, given, ready, path, go]);

  return Boolean(id) && differs;
}
