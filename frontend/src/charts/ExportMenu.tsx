import { useEffect, useId, useRef, useState } from "react";
import { useKeys } from "../lib/hooks";
import { useMessages } from "../state/messages";
import { Button, styles } from "../ui/ui";
import css from "./export.module.css";
import { type ChartFile, type FileKind, saveChart } from "./exportFiles";

const KINDS: { kind: FileKind; label: string; says: string }[] = [
  { kind: "svg", label: "SVG", says: "shapes, to be edited and printed" },
  { kind: "png", label: "PNG", says: "a picture, at twice the size" },
  { kind: "csv", label: "CSV", says: "the numbers, for a spreadsheet" },
  { kind: "json", label: "JSON", says: "everything, as the server keeps it" },
];

/** What a chart can be saved as. The key e opens it, where `hotkey` says so. */
export function ExportMenu({ file, hotkey }: { file: () => ChartFile; hotkey?: boolean }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLSpanElement>(null);
  const first = useRef<HTMLButtonElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  useKeys(hotkey ? { e: () => setOpen((before) => !before) } : {});
  useEffect(() => {
    if (!open) return;
    first.current?.focus();
    const away = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setOpen(false);
      opener.current?.focus();
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("keydown", onKey, true);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("keydown", onKey, true);
    };
  }, [open]);
  const save = (kind: FileKind) => {
    setOpen(false);
    opener.current?.focus();
    saveChart(file(), kind).catch(useMessages.getState().report);
  };
  return (
    <span className={css.export} ref={root}>
      <button
        type="button"
        ref={opener}
        className={`${styles.button} ${styles.small}`}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
        title={hotkey ? "Save this chart (key e)" : "Save this chart"}
      >
        Export {hotkey && <span className={styles.kbd}>e</span>}
      </button>
      {open && (
        <ul className={css.menu} id={id} aria-label="Save the chart as">
          {KINDS.map(({ kind, label, says }, index) => (
            <li key={kind}>
              <button
                type="button"
                ref={index === 0 ? first : undefined}
                onClick={() => save(kind)}
              >
                <b>{label}</b> <span>{says}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </span>
  );
}

/** Saves a text at once, where there is one kind only. */
export function SaveCsv({ name, text }: { name: string; text: () => string }) {
  const save = () =>
    saveChart(
      { name, title: "", notes: [], source: [], parts: null, csv: text, json: text },
      "csv",
    );
  return (
    <Button small onClick={save}>
      CSV
    </Button>
  );
}
