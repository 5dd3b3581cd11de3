import { asApiError } from "../api/problem";
import type { ModelInfo, Target } from "../api/types";
import { opName, placeName, shortName } from "../lib/names";
import { FaultScope } from "../question/Faults";
import { faultAt } from "../question/faultAt";
import { HeldEdits } from "../question/HeldEdits";
import { OpFields } from "../question/OpFields";
import { useDraft } from "../state/draft";
import { Icon } from "../ui/Icon";
import { Button, cx, Notice, Panel } from "../ui/ui";
import { ModelMap } from "./ModelMap";
import { TargetFields } from "./TargetFields";
import css from "./workbench.module.css";

interface EditPanelProps {
  info: ModelInfo;
  /** Why the draft, as it is, was refused. */
  error: unknown;
}

/** What is changed inside the model: edits as chips, the map to place them, and their details. */
export function EditPanel({ info, error }: EditPanelProps) {
  const { draft, selected, past, future, undo, redo, change, place, remove, select } = useDraft();
  const edit = draft.edits[selected];
  const setOp = (op: typeof draft.op) =>
    change({ edits: draft.edits.map((each, i) => (i === selected ? { ...each, op } : each)) });
  const setTarget = (target: Target) =>
    change({ edits: draft.edits.map((each, i) => (i === selected ? { ...each, target } : each)) });
  const problem = error ? asApiError(error).problem : null;
  const report = info.sites.find((site) => site.site === edit?.target.site);

  return (
    <Panel
      title="Edit"
      className={css.editPanel}
      actions={
        <span className={css.tools}>
          <Button
            look="quiet"
            icon="undo"
            aria-label="Undo"
            disabled={!past.length}
            onClick={undo}
          />
          <Button
            look="quiet"
            icon="redo"
            aria-label="Redo"
            disabled={!future.length}
            onClick={redo}
          />
        </span>
      }
    >
      <ul className={css.edits} aria-label="Edits">
        {draft.edits.map((each, index) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: two equal edits are two chips
            key={index}
            className={cx(
              css.edit,
              index === selected && css.current,
              faultAt(problem, `/edits/${index}`, false) !== null && css.faulty,
            )}
          >
            <button type="button" aria-pressed={index === selected} onClick={() => select(index)}>
              <b>{shortName(each.target)}</b> {opName(each.op)}
              {placeName(each.target)}
            </button>
            <button
              type="button"
              aria-label={`Remove the edit of ${shortName(each.target)}`}
              onClick={() => remove(index)}
            >
              <Icon name="close" size={13} />
            </button>
          </li>
        ))}
        <li>
          <Button
            small
            icon="plus"
            onClick={() => place(edit?.target ?? { site: "attn_out", layer: 0 }, true)}
          >
            {draft.edits.length ? "Add" : "Add an edit"}
          </Button>
        </li>
      </ul>
      {edit ? (
        <>
          <FaultScope error={error} base={`/edits/${selected}/op`}>
            <OpFields op={edit.op} prompt={draft.prompt} answer={draft.answer} onChange={setOp} />
          </FaultScope>
          <FaultScope error={error} base={`/edits/${selected}/target`}>
            <TargetFields target={edit.target} info={info} onChange={setTarget} />
          </FaultScope>
          {report && !report.certified && (
            <Notice kind="warn">
              {edit.target.site} is not certified on this model. {report.reason}
            </Notice>
          )}
        </>
      ) : (
        <Notice>No edit: a run shows what the model says when it is left alone.</Notice>
      )}
      <HeldEdits />
      <ModelMap info={info} />
    </Panel>
  );
}
