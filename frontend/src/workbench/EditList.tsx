import type { ReactNode } from "react";
import type { Problem } from "../api/problem";
import type { Edit } from "../api/types";
import { editText, opName, placeName, placeText, shortName } from "../lib/names";
import { faultAt } from "../question/faultAt";
import { type Group, useDraft } from "../state/draft";
import { Icon } from "../ui/Icon";
import { Term } from "../ui/Term";
import { Button, cx } from "../ui/ui";
import css from "./edits.module.css";

interface EditListProps {
  problem: Problem | null;
}

/** Edits as chips: those whose effect is measured, and those that are held in every run. */
export function EditList({ problem }: EditListProps) {
  const { draft, group, selected, place, change, move, regroup } = useDraft();
  const edit = draft[group][selected];
  return (
    <div className={css.lists}>
      <Chips group="edits" label="Edits" problem={problem}>
        <li>
          <Button
            small
            icon="plus"
            onClick={() => place(edit?.target ?? { site: "attn_out", layer: 0 }, true)}
          >
            {draft.edits.length ? "Add" : "Add an edit"}
          </Button>
        </li>
      </Chips>
      {draft.held.length > 0 && (
        <>
          <p className={css.note}>
            <Term id="held">Held</Term> in both runs, clean and edited:
          </p>
          <Chips group="held" label="Held edits" problem={problem} />
        </>
      )}
      <div className={css.arrange}>
        {draft[group].length > 1 && (
          <>
            <Button
              small
              look="quiet"
              icon="left"
              aria-label="Move the edit forward"
              title="Earlier in the order"
              disabled={selected === 0}
              onClick={() => move(selected, -1)}
            />
            <Button
              small
              look="quiet"
              icon="right"
              aria-label="Move the edit back"
              title="Later in the order"
              disabled={selected === draft[group].length - 1}
              onClick={() => move(selected, 1)}
            />
          </>
        )}
        <Button
          small
          aria-pressed={group === "held"}
          disabled={!edit}
          title="A held edit applies in the clean run too: you measure what the other edits do to a model that is held so"
          onClick={regroup}
        >
          {group === "held" ? "Held: let go" : "Hold in both runs"}
        </Button>
        <Term id="held" of="holding an edit" />
        {(draft.edits.length + draft.held.length > 1 || draft.ordered) && (
          <>
            <label className={css.check}>
              <input
                type="checkbox"
                checked={draft.ordered}
                onChange={(event) => change({ ordered: event.target.checked })}
              />
              Apply in this order
            </label>
            <Term id="order" of="the order of edits" />
          </>
        )}
      </div>
    </div>
  );
}

interface ChipsProps {
  group: Group;
  label: string;
  problem: Problem | null;
  children?: ReactNode;
}

function Chips({ group, label, problem, children }: ChipsProps) {
  const { draft, group: current, selected, select, remove } = useDraft();
  const chosen = (index: number) => group === current && index === selected;
  return (
    <ul className={css.edits} aria-label={label}>
      {draft[group].map((each: Edit, index) => (
        <li
          // biome-ignore lint/suspicious/noArrayIndexKey: two equal edits are two chips
          key={index}
          className={cx(
            css.edit,
            chosen(index) && css.current,
            faultAt(problem, `/${group}/${index}`, false) !== null && css.faulty,
          )}
        >
          <button
            type="button"
            aria-pressed={chosen(index)}
            title={editText(each, [])}
            onClick={() => select(index, group)}
          >
            {draft.ordered && `${index + 1}. `}
            <b>{shortName(each.target)}</b> {opName(each.op)}
            {placeName(each.target)}
          </button>
          <button
            type="button"
            aria-label={`Remove the edit of ${placeText(each.target, [])}`}
            onClick={() => remove(index, group)}
          >
            <Icon name="close" size={13} />
          </button>
        </li>
      ))}
      {children}
    </ul>
  );
}
