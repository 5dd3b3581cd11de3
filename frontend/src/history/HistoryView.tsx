import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { asApiError } from "../api/problem";
import { useDelete, useHistory } from "../api/queries";
import type { Summary } from "../api/types";
import { when } from "../lib/format";
import { useKeys } from "../lib/hooks";
import { withParams } from "../state/url";
import { Button, Empty, Notice, Panel, Segmented, styles } from "../ui/ui";
import { Star } from "./Annotate";
import css from "./history.module.css";

type Kind = "all" | "run" | "sweep";
const KINDS: { value: Kind; label: string }[] = [
  { value: "all", label: "All" },
  { value: "run", label: "Runs" },
  { value: "sweep", label: "Sweeps" },
];

/** Every stored run and sweep; search, filters and page are in the address. */
export function HistoryView() {
  const [path, go] = useLocation();
  const params = new URLSearchParams(useSearch());
  const q = params.get("q") ?? "";
  const kind = params.get("kind");
  const starred = params.get("starred") === "1";
  const cursor = params.get("after");
  const page = useHistory({
    q,
    starred,
    cursor,
    kind: kind === "run" || kind === "sweep" ? kind : null,
  });
  const set = (changes: Record<string, string | null>, replace = true) =>
    go(path + withParams(window.location.search, { after: null, ...changes }), { replace });
  useKeys({ "/": () => document.getElementById("history-search")?.focus() });

  const items = page.data?.items ?? [];
  return (
    <Panel
      title="History"
      className={css.view}
      actions={
        <div className={css.filters}>
          <input
            id="history-search"
            type="search"
            className={styles.input}
            placeholder="Search prompts, titles, notes"
            aria-label="Search the history"
            value={q}
            onChange={(event) => set({ q: event.target.value })}
          />
          <Segmented
            label="Kind"
            value={(kind as Kind) ?? "all"}
            options={KINDS}
            onChange={(value) => set({ kind: value === "all" ? null : value })}
          />
          <Button
            small
            aria-pressed={starred}
            onClick={() => set({ starred: starred ? null : "1" })}
          >
            {starred ? "★ Starred only" : "☆ Starred only"}
          </Button>
        </div>
      }
    >
      {page.error && !asApiError(page.error).gone && (
        <Notice kind="bad">{asApiError(page.error).message}</Notice>
      )}
      {page.data && items.length === 0 && (
        <Empty
          title={q || kind || starred ? "Nothing fits the filters." : "Nothing has been run yet."}
        >
          <p>
            {q || kind || starred ? (
              "Try fewer words or another kind."
            ) : (
              <Link href="/w">Run the first experiment</Link>
            )}
          </p>
        </Empty>
      )}
      <ul className={css.list} aria-label="Experiments">
        {items.map((item) => (
          <Row key={item.id} item={item} />
        ))}
      </ul>
      {(page.data?.next || cursor) && (
        <div className={css.paging}>
          {cursor && (
            <Button small onClick={() => set({})}>
              Newest
            </Button>
          )}
          {page.data?.next && (
            <Button small onClick={() => set({ after: page.data!.next! }, false)}>
              Older
            </Button>
          )}
        </div>
      )}
    </Panel>
  );
}

function Row({ item }: { item: Summary }) {
  const remove = useDelete();
  const [sure, setSure] = useState(false);
  const to = item.kind === "run" ? `/e/${item.id}` : `/s/${item.id}`;
  return (
    <li className={css.row}>
      <Star id={item.id} starred={Boolean(item.starred)} what={item.title} />
      <Link href={to} className={css.open}>
        <span className={css.titleLine}>
          <span className={css.kind} data-kind={item.kind}>
            {item.kind}
          </span>
          <b>{item.name || item.title}</b>
          {item.state !== "complete" && (
            <span className={css.state}>{item.state.replaceAll("_", " ")}</span>
          )}
        </span>
        <span className={css.prompt}>“{item.prompt}”</span>
        <span className={css.headline}>{item.headline}</span>
        {item.notes && <span className={css.noteText}>{item.notes}</span>}
      </Link>
      <span className={css.meta}>
        <span>{item.model_id}</span>
        <time dateTime={item.created_at} title={item.created_at}>
          {when(item.created_at)}
        </time>
      </span>
      {sure ? (
        <Button
          small
          className={css.delete}
          onClick={() => remove.mutate(item.id)}
          onBlur={() => setSure(false)}
          autoFocus
        >
          Delete for good
        </Button>
      ) : (
        <Button
          look="quiet"
          icon="trash"
          aria-label={`Delete ${item.title}`}
          onClick={() => setSure(true)}
        />
      )}
    </li>
  );
}
