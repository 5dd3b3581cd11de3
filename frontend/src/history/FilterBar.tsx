import { useState } from "react";
import { useModels } from "../api/queries";
import { SEARCH_ID, toRows } from "../lib/rows";
import { OPS, SITE_ORDER, SITES } from "../lib/words";
import { Term } from "../ui/Term";
import { Button, Field, Segmented, styles } from "../ui/ui";
import { type Filters, furtherFilters } from "./filters";
import css from "./history.module.css";

const KINDS: { value: Filters["kind"]; label: string }[] = [
  { value: "", label: "All" },
  { value: "run", label: "Runs" },
  { value: "sweep", label: "Sweeps" },
];

const LISTS = {
  history: {
    label: "Search the history",
    hint: "Search prompts, places, answers, names, notes",
  },
  captures: { label: "Search the captures", hint: "Search prompts and places" },
};
/** The server takes no longer search. */
const LONGEST = 200;

interface FilterBarProps {
  /** Captures are searched, and filtered by model and day; results by all that there is. */
  of: keyof typeof LISTS;
  filters: Filters;
  onChange: (changes: Partial<Filters>) => void;
}

/** The search and its filters. The rarer ones are one click away, and open where one is set. */
export function FilterBar({ of, filters, onChange }: FilterBarProps) {
  const further = furtherFilters(filters);
  const results = of === "history";
  const [open, setOpen] = useState(further > 0);
  const set = (name: keyof Filters) => (event: { target: { value: string } }) =>
    onChange({ [name]: event.target.value });
  const known = (useModels().data ?? []).map((entry) => entry.id);
  const models =
    known.includes(filters.model) || !filters.model ? known : [filters.model, ...known];
  return (
    <search className={css.search}>
      <div className={css.filters}>
        <input
          id={SEARCH_ID}
          type="search"
          className={styles.input}
          placeholder={LISTS[of].hint}
          aria-label={LISTS[of].label}
          maxLength={LONGEST}
          value={filters.q}
          onChange={set("q")}
          onKeyDown={toRows}
        />
        {results && (
          <>
            <Segmented
              label="Kind"
              value={filters.kind}
              options={KINDS}
              onChange={(kind) => onChange({ kind })}
            />
            <Term id="experiment" of="runs and sweeps" />
            <Button
              small
              aria-pressed={filters.starred}
              onClick={() => onChange({ starred: !filters.starred })}
            >
              {filters.starred ? "★ Starred only" : "☆ Starred only"}
            </Button>
          </>
        )}
        <Button small aria-expanded={open} onClick={() => setOpen(!open)}>
          {further ? `Filters (${further})` : "Filters"}
        </Button>
      </div>
      {open && (
        <div className={css.further}>
          <Field label="Model" word="model">
            <select className={styles.input} value={filters.model} onChange={set("model")}>
              <option value="">any</option>
              {models.map((id) => (
                <option key={id}>{id}</option>
              ))}
            </select>
          </Field>
          {results && (
            <>
              <Field label="What an edit does" word="edit">
                <select className={styles.input} value={filters.op} onChange={set("op")}>
                  <option value="">any</option>
                  {Object.entries(OPS).map(([op, { label }]) => (
                    <option key={op} value={op}>
                      {label}
                    </option>
                  ))}
                </select>
              </Field>
              <Field label="Where an edit acts" word="site">
                <select className={styles.input} value={filters.site} onChange={set("site")}>
                  <option value="">any</option>
                  {SITE_ORDER.map((site) => (
                    <option key={site} value={site}>
                      {SITES[site].label}
                    </option>
                  ))}
                </select>
              </Field>
              <Field label="Tag">
                <input className={styles.input} value={filters.tag} onChange={set("tag")} />
              </Field>
            </>
          )}
          <Field label="From">
            <input
              type="date"
              className={styles.input}
              value={filters.from}
              max={filters.to || undefined}
              onChange={set("from")}
            />
          </Field>
          <Field label="To">
            <input
              type="date"
              className={styles.input}
              value={filters.to}
              min={filters.from || undefined}
              onChange={set("to")}
            />
          </Field>
        </div>
      )}
    </search>
  );
}
