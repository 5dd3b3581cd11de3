import { Link } from "wouter";
import { useJobs, useModel } from "../api/queries";
import { chooseTheme, type ThemeChoice, useThemeChoice } from "../lib/theme";
import { Term } from "../ui/Term";
import { Button } from "../ui/ui";
import { QueueChip } from "./QueueChip";
import css from "./shell.module.css";

const NEXT: Record<ThemeChoice, ThemeChoice> = { system: "light", light: "dark", dark: "system" };
const ICONS = { system: "system", light: "sun", dark: "moon" } as const;

export function TopStrip({ onKeys }: { onKeys: () => void }) {
  const model = useModel();
  const jobs = useJobs();
  const choice = useThemeChoice();
  const info = model.data?.info;
  return (
    <header className={css.strip}>
      <span className={css.brand}>NeuronScope</span>
      {info ? (
        <Link href="/m" className={css.model} title={`Model digest ${info.model_digest}`}>
          <b>{info.name}</b>
          <span className={css.digest}>{info.model_digest.slice(0, 8)}</span>
          <span className={css.optional}>{info.dtype}</span>
          <span className={css.optional}>{info.device}</span>
        </Link>
      ) : (
        <Link href="/m" className={css.model}>
          {model.data?.loading ? "Loading a model…" : model.isPending ? "…" : "No model loaded"}
        </Link>
      )}
      <Term id="loaded" of="the loaded model" />
      <span className={css.spring} />
      {jobs.error ? (
        <span className={css.gone} role="status">
          <i />{" "}
          {jobs.error instanceof Error && "gone" in jobs.error && jobs.error.gone
            ? "Server does not answer – reconnecting; your draft is kept"
            : jobs.error.message}
        </span>
      ) : (
        <QueueChip jobs={jobs.data ?? []} />
      )}
      <Button
        look="quiet"
        icon="keys"
        aria-label="Help"
        title="Help: tasks, words, keys (?)"
        onClick={onKeys}
      />
      <Button
        look="quiet"
        icon={ICONS[choice]}
        aria-label={`Theme: ${choice}. Change to ${NEXT[choice]}`}
        title={`Theme: ${choice}`}
        onClick={() => chooseTheme(NEXT[choice])}
      />
    </header>
  );
}
