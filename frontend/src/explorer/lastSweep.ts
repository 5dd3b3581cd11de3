// The last sweep that was looked at in this tab: the Explorer without an address leads back to it.
import { useEffect } from "react";
import { useLocation, useSearch } from "wouter";
import { useModel } from "../api/queries";
import { useGivenDraft, withDraft } from "../state/address";
import { useAside } from "../state/aside";
import { toSweep, useDraft } from "../state/draft";
import { useExample } from "../state/example";
import { lastSweep, sweepWasShown } from "../state/last";
import { encodeSpec, withParams } from "../state/url";
import { firstQuestion } from "./presets";

let offered = false;

/** Keeps the address of the sweep that is shown; without one, leads back, or offers a question. */
export function useLastSweep(id: string | null, shown: boolean): void {
  const [, go] = useLocation();
  const search = useSearch();
  const given = useGivenDraft();

  useEffect(() => {
    if (id && shown) sweepWasShown(`/s/${id}${withParams(search, { spec: null })}`);
  }, [id, shown, search]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only on arrival, not while one writes
  useEffect(() => {
    // A task of Learn begins with the form; an address with a question is that question.
    if (id || given || useAside.getState().lesson !== null) return;
    const last = lastSweep();
    const { draft } = useDraft.getState();
    if (last) {
      // What is in the form stays there: the grid says where it differs.
      const [path = "", view = ""] = last.split("?");
      go(withDraft(path, view, encodeSpec(toSweep(draft))), { replace: true });
      offered = true;
    }
  }, [id]);

  const info = useModel().data?.info;
  const example = useExample();
  const fits = Boolean(info) && example.of === info?.model_digest;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once the example is the loaded model's
  useEffect(() => {
    if (offered || !info || !fits || id || given || useAside.getState().lesson !== null) return;
    const { draft } = useDraft.getState();
    const first = firstQuestion(draft, info, example);
    if (first) useDraft.setState({ draft: { ...draft, ...first } });
    offered = true;
  }, [id, fits]);
}
