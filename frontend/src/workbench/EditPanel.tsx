import { asApiError } from "../api/problem";
import type { Edit, ModelInfo } from "../api/types";
import { FaultScope } from "../question/Faults";
import { OpFields } from "../question/OpFields";
import { UndoButtons } from "../question/UndoButtons";
import { useDraft } from "../state/draft";
import { Notice, Panel } from "../ui/ui";
import { EditList } from "./EditList";
import { KeepValues } from "./KeepValues";
import { ModelMap } from "./ModelMap";
import { TargetFields } from "./TargetFields";
import css from "./workbench.module.css";

/** What a click on the map would most likely make. */
const NEXT: Edit = { target: { site: "attn_out", layer: 0 }, op: { kind: "zero" } };

interface EditPanelProps {
  info: ModelInfo;
  /** Why the draft, as it is, was refused. */
  error: unknown;
}

/** What is changed inside the model: edits as chips, the map to place them, and their details. */
export function EditPanel({ info, error }: EditPanelProps) {
  const { draft, group, selected, update } = useDraft();
  const edit = draft[group][selected];
  const problem = error ? asApiError(error).problem : null;
  const report = info.sites.find((site) => site.site === edit?.target.site);

  return (
    <Panel title="Edit" word="edit" className={css.editPanel} actions={<UndoButtons />}>
      <EditList problem={problem} />
      {edit ? (
        <>
          <FaultScope error={error} base={`/${group}/${selected}/op`}>
            <OpFields
              op={edit.op}
              prompt={draft.prompt}
              answer={draft.answer}
              onChange={(op) => update({ ...edit, op })}
            />
          </FaultScope>
          <FaultScope error={error} base={`/${group}/${selected}/target`}>
            <TargetFields
              mapped={edit.op.kind === "patch" && Boolean(edit.op.positions)}
              target={edit.target}
              info={info}
              onChange={(target) => update({ ...edit, target })}
            />
          </FaultScope>
          {report && !report.certified && (
            <Notice kind="warn">
              {edit.target.site} is not certified on this model. {report.reason}
            </Notice>
          )}
        </>
      ) : (
        <div className={css.fields}>
          <div className={css.room} aria-hidden="true" inert>
            <OpFields op={NEXT.op} prompt={draft.prompt} answer="" onChange={() => undefined} />
            <TargetFields
              mapped={false}
              target={NEXT.target}
              info={info}
              onChange={() => undefined}
            />
          </div>
          <Notice>
            No edit: a run shows what the model says when it is left alone. Click a part of the map
            to set it to zero.
          </Notice>
        </div>
      )}
      <ModelMap info={info} />
      <KeepValues />
    </Panel>
  );
}
