import { useEffect, useRef, useState } from "react";

export const SAID_EVERY_MS = 5000;

/** A text that changes often, told to screen readers at most every five seconds. */
export function useSpoken(text: string): string {
  const [spoken, setSpoken] = useState(text);
  const last = useRef(Date.now());
  useEffect(() => {
    const wait = Math.max(0, last.current + SAID_EVERY_MS - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      setSpoken(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text]);
  return spoken;
}
