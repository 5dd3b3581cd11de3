import type { ModelInfo, Target } from "../api/types";
import { componentName } from "../lib/names";
import { SITES } from "../lib/words";
import { AxisIndices } from "../question/AxisIndices";
import { Fault } from "../question/Faults";
import question from "../question/question.module.css";
import { Term } from "../ui/Term";
import { styles } from "../ui/ui";
import css from "./workbench.module.css";

interface TargetFieldsProps {
  /** Whether a position map says which positions are meant. */
  mapped: boolean;
  target: Target;
  info: ModelInfo;
  onChange: (target: Target) => void;
}

/** The selection in words, and each axis of the site as a list of indices. */
export function TargetFields({ mapped, target, info, onChange }: TargetFieldsProps) {
  return (
    <div className={styles.field}>
      <p className={css.targetWords}>
        Acts on <Term id={target.site}>{componentName(target)}</Term>
        {target.position !== undefined
          ? ""
          : mapped
            ? " at the paired positions"
            : " at every position"}{" "}
        — {SITES[target.site].meaning}.
      </p>
      <div className={question.axes}>
        {SITES[target.site].axes.map((axis) => (
          <AxisIndices key={axis} axis={axis} target={target} info={info} onChange={onChange} />
        ))}
      </div>
      <Fault at="" exact />
      <Fault at="/site" />
    </div>
  );
}
