import { useLocation } from "wouter";
import { useModel } from "../api/queries";
import type { Result } from "../api/types";
import { presetsFor } from "../explorer/presets";
import { newOp } from "../question/newOp";
import { fromSpec, useDraft } from "../state/draft";
import { useExample } from "../state/example";
import { forgetSweep } from "../state/last";
import { sourceOf } from "../state/sources";
import { same } from "../state/url";
import { Button } from "../ui/ui";
import css from "./workbench.module.css";

/** What to ask after a result: the same prompt, at every layer and word. */
export function NextSteps({ result }: { result: Result }) {
  const [, go] = useLocation();
  const { draft, load } = useDraft();
  const example = useExample();
  const info = useModel().data?.info;
  const where = info && presetsFor(info, example).find(({ id }) => id === "where");
  if (!where) return null;
  const explore = () => {
    const asked = fromSpec(result.spec, draft);
    const edit = asked.edits.map(({ op }) => op).find((op) => op.kind === "patch");
    const source = sourceOf(edit ?? asked.op);
    const op =
      source && !same(source, asked.prompt)
        ? { kind: "patch" as const, source_prompt: source }
        : newOp("patch", asked.answer, asked.prompt, example);
    load({ ...asked, ...where.apply({ ...asked, op }) });
    forgetSweep();
    go("/s");
  };
  return (
    <p className={css.next}>
      Where does this happen? <Button onClick={explore}>Try every layer and word</Button>
    </p>
  );
}
