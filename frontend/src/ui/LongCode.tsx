import { bytes } from "../lib/format";
import { download } from "../lib/hooks";
import { Button, Code, Notice } from "./ui";

/** So many letters of a text are shown: a browser takes seconds for a few millions. */
const MOST = 200_000;

/** A text that may be very long: its beginning, how long it is, and all of it as a file. */
export function LongCode({ text, label, name }: { text: string; label: string; name: string }) {
  if (text.length <= MOST) return <Code label={label} text={text} />;
  const shown = text.slice(0, text.lastIndexOf("\n", MOST));
  const all = new Blob([text], { type: "application/json" });
  return (
    <>
      <Notice>
        These are the first {bytes(shown.length)} of {bytes(all.size)}. Copy takes all of it.{" "}
        <Button small onClick={() => download(name, all)}>
          Save all of it
        </Button>
      </Notice>
      <Code label={label} text={shown} whole={text} />
    </>
  );
}
