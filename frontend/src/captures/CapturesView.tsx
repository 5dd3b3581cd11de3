import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { asApiError } from "../api/problem";
import type { CaptureSummary } from "../api/types";
import { FilterBar } from "../history/FilterBar";
import { anyFilter, captureFilters, NO_FILTERS, toQuery } from "../history/filters";
import { NothingFits } from "../history/NothingFits";
import { useFilters } from "../history/useFilters";
import { bytes, count, when } from "../lib/format";
import { ROWS_ID, walkRows } from "../lib/rows";
import { withParams } from "../state/url";
import { Term } from "../ui/Term";
import { Button, Empty, Notice, Panel } from "../ui/ui";
import { CaptureCard } from "./CaptureCard";
import css from "./captures.module.css";
import { useCapture, useCaptures, useDeleteCapture } from "./queries";

/** Stored activations: their list, and the one that the address names. */
export default function CapturesView({ id }: { id: string | null }) {
  const one = useCapture(id);
  return (
    <div className={css.view}>
      {id && one.error && (
        <Panel title="Capture">
          <Notice kind="bad">{asApiError(one.error).message}</Notice>
          <Link href="/a">All captures</Link>
        </Panel>
      )}
      {id && one.data && <CaptureCard key={one.data.id} record={one.data} />}
      <CaptureList current={id} />
    </div>
  );
}

function CaptureList({ current }: { current: string | null }) {
  const [path, go] = useLocation();
  const cursor = new URLSearchParams(useSearch()).get("after");
  const [all, set] = useFilters();
  const filters = captureFilters(all);
  const filtered = anyFilter(filters);
  const page = useCaptures(toQuery(filters), cursor);
  const items = page.data?.items ?? [];
  const show = (after: string | null) => go(path + withParams(window.location.search, { after }));
  return (
    <Panel title="Captures" word="capture">
      <FilterBar of="captures" filters={filters} onChange={set} />
      {page.error && !asApiError(page.error).gone && (
        <Notice kind="bad">{asApiError(page.error).message}</Notice>
      )}
      {page.data && items.length === 0 && filtered && (
        <NothingFits filters={filters} onClear={() => set(NO_FILTERS)} />
      )}
      {page.data && items.length === 0 && !filtered && (
        <Empty title="Nothing has been kept yet.">
          <p>
            A <Term id="capture">capture</Term> keeps the numbers that a part of the model computes
            on a prompt (its <Term id="activation">activations</Term>). In the{" "}
            <Link href="/w">workbench</Link>, choose a part on the map and press <b>Keep values</b>.
          </p>
        </Empty>
      )}
      <ul
        id={ROWS_ID}
        className={css.list}
        aria-label="Stored captures"
        aria-busy={page.isPlaceholderData}
        onKeyDown={walkRows}
      >
        {items.map((item) => (
          <Row key={item.id} item={item} current={item.id === current} />
        ))}
      </ul>
      {(page.data?.next || cursor) && (
        <div className={css.buttons}>
          {cursor && (
            <Button small onClick={() => show(null)}>
              Newest
            </Button>
          )}
          {page.data?.next && (
            <Button small onClick={() => show(page.data!.next!)}>
              Older
            </Button>
          )}
        </div>
      )}
    </Panel>
  );
}

function Row({ item, current }: { item: CaptureSummary; current: boolean }) {
  const [, go] = useLocation();
  // The list stays as it is searched while one of it after the other is opened.
  const search = withParams(useSearch(), {});
  const remove = useDeleteCapture();
  const [sure, setSure] = useState(false);
  return (
    <li className={css.row} aria-current={current ? "true" : undefined}>
      <Link href={`/a/${item.id}${search}`} className={css.open}>
        <b>{item.title}</b>
        <span className={css.prompt}>“{item.prompt}”</span>
        <span className={css.meta}>
          {count(item.n_entries, "part")} ·{" "}
          {item.n_bytes ? bytes(item.n_bytes) : "statistics alone"} · {item.model_id} ·{" "}
          <time dateTime={item.created_at} title={item.created_at}>
            {when(item.created_at)}
          </time>
        </span>
      </Link>
      {sure ? (
        <Button
          small
          onClick={() =>
            remove.mutate(item.id, {
              onSuccess: () => current && go(`/a${search}`, { replace: true }),
            })
          }
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
