import { useMessages } from "../state/messages";
import { Button } from "../ui/ui";
import css from "./shell.module.css";

/** Errors, kept until somebody has read them. */
export function StatusBar() {
  const { list, dismiss } = useMessages();
  return (
    <div className={css.status} role="alert">
      {list.map(({ id, title, detail, hint }) => (
        <div key={id} className={css.message}>
          <p>
            <b>{title}.</b> {detail} {hint && <span>{hint}</span>}
          </p>
          <Button look="quiet" icon="close" aria-label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
