import { Fragment } from "react";
import type { ModelInfo } from "../api/types";
import { isCertified } from "../state/example";
import { Term } from "../ui/Term";

/** The parts on the map that passed their check on this model. */
export function Parts({ info }: { info: ModelInfo | undefined }) {
  const has = (site: "attn_out" | "z" | "mlp_out") => !info || isCertified(info, site);
  const parts = [
    has("attn_out") && <Term id="attention">attention</Term>,
    has("z") && <Term id="head">heads</Term>,
    has("mlp_out") && <Term id="mlp">MLP</Term>,
    <Term key="stream" id="stream">
      residual stream
    </Term>,
  ].filter((part) => part !== false);
  return parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a model stay in their order
    <Fragment key={index}>
      {index > 0 && (index === parts.length - 1 ? " and the " : ", ")}
      {part}
    </Fragment>
  ));
}
