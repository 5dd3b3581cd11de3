import { useEffect, useRef } from "react";
import { useMessages } from "../state/messages";
import { Button } from "../ui/ui";
import css from "./status.module.css";

/** Errors, kept until somebody has read them; and that the server is another version now. */
export function StatusBar({ updated }: { updated: string | null }) {
  const { list, dismiss, dismissAll } = useMessages();
  const box = useRef<HTMLDivElement>(null);
  // The newest is in view.
  useEffect(() => {
    if (list.length > 0) box.current?.scrollTo(0, box.current.scrollHeight);
  }, [list]);
  return (
    <div className={css.status} role="alert">
      {updated && (
        <div className={css.message} data-kind="warn">
          <p>
            <b>The server is version {updated} now.</b> This page is of another version and may show
            things wrongly. Your draft is in the address and stays.
          </p>
          <Button small onClick={() => window.location.reload()}>
            Reload the page
          </Button>
        </div>
      )}
      {list.length > 1 && (
        <div className={css.message}>
          <p>{list.length} errors, the last at the end</p>
          <Button small onClick={dismissAll}>
            Dismiss all
          </Button>
        </div>
      )}
      <div className={css.messages} ref={box}>
        {list.map(({ id, title, detail, hint }) => (
          <div key={id} className={css.message}>
            <p>
              <b>{title}.</b> {detail} {hint && <span>{hint}</span>}
            </p>
            <Button look="quiet" icon="close" aria-label="Dismiss" onClick={() => dismiss(id)} />
          </div>
        ))}
      </div>
    </div>
  );
}
