import { useEffect, useLayoutEffect, useRef, useState } from "react";

export function useDebounced<T>(value: T, ms: number): T {
  const [kept, setKept] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setKept(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return kept;
}

/** The width of an element, followed as it changes. */
export function useWidth<E extends HTMLElement>(): [React.RefObject<E | null>, number] {
  const ref = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const read = () => setWidth(Math.floor(element.clientWidth));
    read();
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** On a narrow page the answer lies below the question: brings it into view when it changes. */
export function useShowWhenNarrow(
  what: string | undefined,
): React.RefObject<HTMLDivElement | null> {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (what && window.innerWidth <= NARROW) ref.current?.scrollIntoView({ block: "start" });
  }, [what]);
  return ref;
}

const NARROW = 900;

/** Inputs that take no text: keys of the page work there too. */
const NO_TEXT = /^(checkbox|radio|button|file|range)$/;

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !NO_TEXT.test(target.type);
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

export type KeyMap = Record<string, () => void>;

/** Keys of the page; not while somebody types, and `g h` for a key after g. */
export function useKeys(map: KeyMap): void {
  const current = useRef(map);
  current.current = map;
  useEffect(() => {
    let leader = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent) => {
      const plain = !event.ctrlKey && !event.metaKey;
      const chord = plain
        ? event.key
        : `mod+${event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}`;
      const typing = plain && isTyping(event.target);
      const name = event.timeStamp - leader < 1200 && plain ? `g ${chord}` : chord;
      // Every key ends the wait after g, whoever has used it.
      leader = name === "g" && !typing ? event.timeStamp : Number.NEGATIVE_INFINITY;
      if (typing || event.altKey || event.defaultPrevented) return;
      const action = current.current[name];
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

/** Copies text; false where the browser does not allow it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
