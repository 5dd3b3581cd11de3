import { format } from "d3-format";

const MINUS = "−";
const fixed3 = format(".3~f");
const sig3 = format(".3~g");
const exponent = format(".1~e");

/** A number to three significant digits, with a real minus sign. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  const text = size >= 1000 ? format(",.0f")(size) : size < 1e-3 ? exponent(size) : sig3(size);
  return (value < 0 ? MINUS : "") + text.replace("e-", `e${MINUS}`).replace("e+", "e");
}

export function signed(value: number): string {
  return value > 0 ? `+${number(value)}` : number(value);
}

/** A probability as per cent; small ones keep their size. */
export function percent(p: number): string {
  if (p === 0) return "0 %";
  const value = p * 100;
  if (value < 0.01) return "< 0.01 %";
  if (value > 99.95 && p < 1) return "> 99.9 %";
  return `${value >= 10 ? fixed3(Math.round(value * 10) / 10) : sig3(value)} %`;
}

/** A metric's value in its unit's own way of writing. */
export function inUnit(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return "–";
  return unit === "probability" ? percent(value) : number(value);
}

/** A change in its unit: probabilities in percentage points. */
export function changeInUnit(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return "–";
  return unit === "probability" ? `${signed(value * 100)} pp` : signed(value);
}

/** A token with its white space made visible. */
export function visible(text: string): string {
  return text.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥");
}

export function bytes(n: number): string {
  if (n < 1e3) return `${n} B`;
  if (n < 1e6) return `${sig3(n / 1e3)} kB`;
  return n < 1e9 ? `${sig3(n / 1e6)} MB` : `${sig3(n / 1e9)} GB`;
}

export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${sig3(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole >= 3600) {
    const minutes = Math.round(whole / 60);
    return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}

/** A duration that is only estimated: two digits. */
export function roughly(seconds: number): string {
  return duration(Number(seconds.toPrecision(2)));
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

export function ordinal(n: number): string {
  const tail = n % 100 >= 11 && n % 100 <= 13 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${tail}`;
}

export function when(iso: string, now = new Date()): string {
  const date = new Date(iso);
  const seconds = (now.getTime() - date.getTime()) / 1000;
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (date.toDateString() === now.toDateString()) {
    return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  }
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}
