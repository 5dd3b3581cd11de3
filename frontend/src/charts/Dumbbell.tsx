import type { TokenScore } from "../api/types";
import { csvText } from "../lib/csv";
import { percent, visible } from "../lib/format";
import { useWidth } from "../lib/hooks";
import { choiceIn, useChoice } from "../lib/useChoice";
import { Term } from "../ui/Term";
import { Segmented } from "../ui/ui";
import css from "./charts.module.css";
import { type DumbbellRow, dumbbellLayout } from "./dumbbellLayout";
import { dumbbellScene } from "./dumbbellScene";
import type { ChartFile } from "./exportFiles";
import { SceneView } from "./SceneView";

interface DumbbellProps {
  clean: readonly TokenScore[];
  edited: readonly TokenScore[];
  /** A run without an edit: only one of the two is drawn. */
  same?: boolean;
}

const AXES = ["linear", "log"] as const;
const RIGHT = 64;
const ROWS = 12;
const FILE_WIDTH = 640;

function drawn(
  { clean, edited, same = false }: DumbbellProps,
  width: number,
  log: boolean,
  limit = ROWS,
) {
  const left = Math.min(120, Math.max(70, width * 0.22));
  const layout = dumbbellLayout(clean, edited, { width, left, right: RIGHT, log, limit });
  const letters = Math.floor((left - 14) / 7.6);
  return { layout, scene: dumbbellScene({ layout, width, right: RIGHT, same, letters }) };
}

/** Probability of the top tokens, clean and edited: one row each, on one axis. */
export function Dumbbell(props: DumbbellProps) {
  const { clean, same } = props;
  const [ref, width] = useWidth<HTMLDivElement>();
  const [axis, setAxis] = useChoice("axis", AXES);
  const { layout, scene } = drawn(props, width, axis === "log");
  return (
    <figure className={css.figure} ref={ref}>
      <figcaption className={css.caption}>
        <span>
          <Term id="probability">Probability</Term> of the <Term id="top_token">top tokens</Term>
        </span>
        <span className={css.keyClean}>clean</span>
        {!same && <span className={css.keyEdited}>edited</span>}
        {!same && <span className={css.keyOpen}>open: not among the top {clean.length}</span>}
        <Segmented
          label="Scale of the axis"
          value={axis}
          options={[
            { value: "linear", label: "linear" },
            { value: "log", label: "log" },
          ]}
          onChange={setAxis}
        />
        <Term id="log_scale" of="a logarithmic axis" />
      </figcaption>
      {width > 0 && <SceneView scene={scene} label={summary(layout.rows)} />}
    </figure>
  );
}

/** The top tokens as a file: on the axis that is shown, with every probability in the CSV. */
export function topTokensFile(
  props: DumbbellProps,
  { name, source, json }: Pick<ChartFile, "name" | "source" | "json">,
): ChartFile {
  const axis = choiceIn(window.location.search, "axis", AXES);
  const { layout, scene } = drawn(props, FILE_WIDTH, axis === "log");
  const all = drawn(props, FILE_WIDTH, false, Number.POSITIVE_INFINITY).layout.rows;
  const open = `open: not among the top ${props.clean.length}`;
  const measured = [`next-token probability on a ${axis === "log" ? "logarithmic" : axis} axis`];
  const kinds = props.same ? [] : ["round: clean", "diamond: edited", open];
  const more = all.length - layout.rows.length;
  return {
    name,
    title: props.same ? "Top tokens of the clean run" : "Top tokens, clean and edited",
    notes: [...measured, ...kinds, ...(more > 0 ? [`${more} less likely tokens left out`] : [])],
    source,
    parts: () => [scene],
    csv: () => topCsv(all),
    json,
  };
}

function topCsv(rows: readonly DumbbellRow[]): string {
  return csvText([
    ["id", "token", "clean probability", "edited probability", "clean place", "edited place"],
    ...rows.map((row) => [
      row.id,
      row.token,
      row.cleanP,
      row.editedP,
      row.cleanRank,
      row.editedRank,
    ]),
  ]);
}

function summary(rows: readonly DumbbellRow[]): string {
  const say = (p: number | null) => (p === null ? "–" : percent(p));
  const first = rows
    .slice(0, 3)
    .map((row) => `${visible(row.token)} ${say(row.cleanP)} to ${say(row.editedP)}`);
  return `Top tokens, clean to edited: ${first.join("; ")}. The table view has every number.`;
}
