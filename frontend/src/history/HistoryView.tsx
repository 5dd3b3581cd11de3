import { useEffect, useState } from "react";
import { Link } from "wouter";
import { useHistory } from "../api/history";
import { asApiError } from "../api/problem";
import type { Summary } from "../api/types";
import { focusSearch, ROWS_ID, walkRows } from "../lib/rows";
import { Term } from "../ui/Term";
import { Button, Empty, Notice, Panel, styles } from "../ui/ui";
import { FilterBar } from "./FilterBar";
import { anyFilter, NO_FILTERS, toQuery } from "./filters";
import css from "./history.module.css";
import { Import } from "./Import";
import { NothingFits } from "./NothingFits";
import { Row } from "./Row";
import { Selection } from "./Selection";
import { useFilters } from "./useFilters";

/** Every stored run and sweep; the search and its filters are in the address. */
export default function HistoryView() {
  const [filters, set] = useFilters();
  const list = useHistory(toQuery(filters));
  const [chosen, setChosen] = useState<Summary[]>([]);
  useEffect(() => {
    if (window.history.state?.search) focusSearch();
  }, []);

  const choose = (item: Summary, on: boolean) =>
    setChosen((before) => [...before.filter((each) => each.id !== item.id), ...(on ? [item] : [])]);

  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = anyFilter(filters);
  return (
    <Panel title="History" className={css.view} actions={<Import />}>
      <FilterBar of="history" filters={filters} onChange={set} />
      <p className={styles.hint}>
        The last line of each is the first <Term id="metric">metric</Term> of a run, or where a
        sweep moved it most. What is <Term id="partial">partial</Term> says so.
      </p>
      <Selection chosen={chosen} onClear={() => setChosen([])} />
      {list.error && !asApiError(list.error).gone && (
        <Notice kind="bad">{asApiError(list.error).message}</Notice>
      )}
      {list.data && items.length === 0 && filtered && (
        <NothingFits filters={filters} onClear={() => set(NO_FILTERS)} />
      )}
      {list.data && items.length === 0 && !filtered && (
        <Empty title="Nothing has been run yet.">
          <p>
            <Link href="/w">Run the first experiment</Link>
          </p>
        </Empty>
      )}
      <ul
        id={ROWS_ID}
        className={css.list}
        aria-label="Experiments"
        aria-busy={list.isPlaceholderData}
        onKeyDown={walkRows}
      >
        {items.map((item) => (
          <Row
            key={item.id}
            item={item}
            chosen={chosen.some((each) => each.id === item.id)}
            onChoose={(on) => choose(item, on)}
            onTag={(tag) => set({ tag })}
          />
        ))}
      </ul>
      {list.hasNextPage && (
        <div className={css.paging}>
          <Button disabled={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            {list.isFetchingNextPage ? "Reading…" : "Show more"}
          </Button>
          <span>{items.length} shown, newest first</span>
        </div>
      )}
    </Panel>
  );
}
