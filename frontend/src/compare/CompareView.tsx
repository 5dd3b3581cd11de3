import { useLocation, useSearch } from "wouter";
import { asApiError } from "../api/problem";
import { useRecord } from "../api/queries";
import { byModel } from "../app/modelNames";
import { OtherModel } from "../app/OtherModel";
import { withParams } from "../state/url";
import { Button, Notice, Panel } from "../ui/ui";
import css from "./compare.module.css";
import { GridCompare } from "./GridCompare";
import { Picker } from "./Picker";
import { RunCompare } from "./RunCompare";
import { Sides } from "./Sides";

/** Two stored results side by side, and B − A; which two is in the address. */
export default function CompareView() {
  const [path, go] = useLocation();
  const params = new URLSearchParams(useSearch());
  const [a, b] = [params.get("a"), params.get("b")];
  const left = useRecord(a);
  const right = useRecord(b);
  const set = (changes: Record<string, string | null>, replace = true) =>
    go(path + withParams(window.location.search, changes), { replace });
  const fresh = { metric: null, cell: null };

  const [first, second] = [left.data?.result, right.data?.result];
  const error = left.error ?? right.error;
  const models = byModel([
    ...(first ? [{ what: "A", model: first.model }] : []),
    ...(second ? [{ what: "B", model: second.model }] : []),
  ]);
  return (
    <div className={css.view}>
      <Panel
        title="Compare"
        actions={
          a &&
          b && (
            <Button small onClick={() => set({ a: b, b: a })}>
              Swap A and B
            </Button>
          )
        }
      >
        <Sides
          a={left.data ?? null}
          b={right.data ?? null}
          onLeave={(side) => set({ ...fresh, [side]: null }, false)}
        />
        {models.map(({ what, model }) => (
          <OtherModel
            key={what}
            what={what}
            model={model}
            then={
              first?.kind === "sweep"
                ? "Cells are not opened as experiments until it is loaded."
                : "Run again, it would be asked of the loaded model."
            }
          />
        ))}
        {error && !asApiError(error).gone && (
          <Notice kind="bad">{asApiError(error).message}</Notice>
        )}
        {first && second && first.kind !== second.kind && (
          <Notice kind="warn">
            A is a {first.kind} and B is a {second.kind}: a run has one number for each metric, a
            sweep has a grid of them. Choose two of the same kind.
          </Notice>
        )}
        {(!a || !b) && (
          <Picker
            side={a ? "b" : "a"}
            kind={(a ? first : second)?.kind ?? null}
            except={a ?? b}
            onPick={(id) => set({ ...fresh, [a ? "b" : "a"]: id }, false)}
          />
        )}
      </Panel>
      {first?.kind === "sweep" && second?.kind === "sweep" && (
        <GridCompare
          key={`${a} ${b}`}
          a={first}
          b={second}
          metric={params.get("metric")}
          cell={params.get("cell")}
          onChange={(changes) => set(changes)}
        />
      )}
      {first?.kind === "run" && second?.kind === "run" && <RunCompare a={first} b={second} />}
    </div>
  );
}
