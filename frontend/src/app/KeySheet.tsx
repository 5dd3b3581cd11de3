import { Fragment, useEffect, useRef } from "react";
import { Link } from "wouter";
import { KEY_GROUPS } from "../lib/keyList";
import { Button, styles } from "../ui/ui";
import css from "./drawers.module.css";

/** Where help is, and all keys of the page; Escape or a click beside it closes it. */
export function KeySheet({ onClose }: { onClose: () => void }) {
  const sheet = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = sheet.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={sheet}
      className={css.sheet}
      aria-labelledby="help-title"
      onClose={onClose}
      onPointerDown={(event) => event.target === sheet.current && onClose()}
    >
      <header>
        <h2 id="help-title">Help</h2>
        <Button look="quiet" icon="close" aria-label="Close" onClick={onClose} />
      </header>
      <ul className={css.help}>
        <li>
          <Link href="/learn" onClick={onClose}>
            Learn
          </Link>
          : four short tasks, a few minutes each, on the model that is loaded.
        </li>
        <li>
          <Link href="/learn/words" onClick={onClose}>
            Words
          </Link>
          : every term of the page in plain words. Terms with a dotted line lead there.
        </li>
      </ul>
      <div className={css.groups}>
        {KEY_GROUPS.map(({ title, lines }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {lines.map(({ keys, does }) => (
                <div key={does}>
                  <dt>
                    {keys.map((key, index) => (
                      <Fragment key={key}>
                        {index > 0 && " "}
                        <kbd className={styles.kbd}>{key}</kbd>
                      </Fragment>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p>
        Keys are off while you type in a field. What the words mean stands in the{" "}
        <Link href="/learn/words" onClick={onClose}>
          glossary
        </Link>
        .
      </p>
    </dialog>
  );
}
