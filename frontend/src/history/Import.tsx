import { useRef } from "react";
import { useImport } from "../api/history";
import { count } from "../lib/format";
import { Button } from "../ui/ui";
import css from "./history.module.css";

/** Takes a bundle from a file, and says what came of it. */
export function Import() {
  const file = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const take = useImport();
  const { experiments = [], captures = [], vectors = [], present = [] } = take.data ?? {};
  const parts = [
    count(experiments.length, "experiment"),
    captures.length > 0 && count(captures.length, "capture"),
    vectors.length > 0 && count(vectors.length, "vector"),
  ];
  // A button that waits loses the keys: they come back to it, unless they have gone elsewhere.
  const keepFocus = () =>
    requestAnimationFrame(
      () => document.activeElement === document.body && button.current?.focus(),
    );
  return (
    <>
      <input
        ref={file}
        type="file"
        accept=".zip,application/zip"
        hidden
        aria-label="A bundle to import"
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          if (chosen) take.mutate(chosen, { onSettled: keepFocus });
          event.target.value = "";
        }}
      />
      {take.data && (
        <span className={css.why} role="status">
          Imported {parts.filter(Boolean).join(", ")}
          {present.length > 0 && `; ${count(present.length, "was", "were")} here already`}.
        </span>
      )}
      <Button
        small
        ref={button}
        disabled={take.isPending}
        title="Takes in a file that Export has written, here or on another machine"
        onClick={() => file.current?.click()}
      >
        {take.isPending ? "Importing…" : "Import…"}
      </Button>
    </>
  );
}
