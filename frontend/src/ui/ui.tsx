// Small parts that every view uses.
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { useState } from "react";
import type { WordId } from "../lib/glossary";
import { copyText } from "../lib/hooks";
import controls from "./controls.module.css";
import { Icon, type IconName } from "./Icon";
import { Term } from "./Term";
import parts from "./ui.module.css";

const css = { ...controls, ...parts };
export const styles = css;

export function cx(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(" ");
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "plain" | "primary" | "quiet";
  small?: boolean;
  icon?: IconName;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = "plain", small, icon, className, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={cx(
        css.button,
        look === "primary" && css.primary,
        look === "quiet" && css.quiet,
        small && css.small,
        icon && !children && css.icon,
        className,
      )}
      {...rest}
    >
      {icon && <Icon name={icon} size={small ? 14 : 16} />}
      {children}
    </button>
  );
}

interface Option<T> {
  value: T;
  label: string;
  title?: string;
  disabled?: boolean;
}

interface SegmentedProps<T> {
  label: string;
  value: T;
  options: readonly Option<T>[];
  onChange: (value: T) => void;
}

/** One of a few, all visible. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
}: SegmentedProps<T>) {
  return (
    <fieldset className={css.segmented}>
      <legend className="visually-hidden">{label}</legend>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          className={css.segment}
          aria-pressed={option.value === value}
          disabled={option.disabled}
          title={option.title}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  );
}

interface FieldProps {
  label: string;
  /** Its entry in the glossary. */
  word?: WordId;
  note?: ReactNode;
  children: ReactNode;
}

/** A label around its control. */
export function Field({ label, word, note, children }: FieldProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className={css.field}>
      <span className={css.label}>
        {word ? <Term id={word}>{label}</Term> : label}
        {note && <small>{note}</small>}
      </span>
      {children}
    </label>
  );
}

interface NoticeProps {
  kind?: "info" | "warn" | "bad" | "good";
  children: ReactNode;
}

export function Notice({ kind = "info", children }: NoticeProps) {
  const icon = kind === "warn" || kind === "bad";
  return (
    <div
      className={cx(css.notice, kind !== "info" && css[kind])}
      role={kind === "bad" ? "alert" : "note"}
    >
      {icon && <Icon name="warn" size={15} />}
      <div>{children}</div>
    </div>
  );
}

interface PanelProps {
  title: string;
  /** Its entry in the glossary. */
  word?: WordId;
  actions?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Panel({ title, word, actions, className, children }: PanelProps) {
  return (
    <section className={cx(css.panel, className)} aria-label={title}>
      <header className={css.panelHead}>
        <h2 className={css.panelTitle}>{word ? <Term id={word}>{title}</Term> : title}</h2>
        {actions}
      </header>
      <div className={css.panelBody}>{children}</div>
    </section>
  );
}

export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={css.empty}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** How far something is; a bar that moves where nobody can say. */
export function Bar({
  done,
  total,
  label,
}: {
  done: number;
  total: number | null | undefined;
  label: string;
}) {
  const share = total ? Math.min(1, done / total) : 0;
  return (
    <div
      className={css.bar}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total ?? undefined}
      aria-valuenow={total ? done : undefined}
    >
      {total ? <div style={{ width: `${share * 100}%` }} /> : <div className={css.moving} />}
    </div>
  );
}

interface CodeProps {
  text: string;
  label: string;
  /** What is copied, where only its beginning is shown. */
  whole?: string;
}

export function Code({ text, label, whole = text }: CodeProps) {
  const [said, setSaid] = useState("Copy");
  const copy = async () => {
    setSaid((await copyText(whole)) ? "Copied" : "Select it instead");
    setTimeout(() => setSaid("Copy"), 1500);
  };
  return (
    <div className={css.code}>
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <Button small icon="copy" onClick={copy} aria-label={`${said}: ${label}`}>
        {said}
      </Button>
    </div>
  );
}

/** White space of a token made visible, in its own type. */
export function TokenText({ text }: { text: string }) {
  return (
    <span className={css.mono}>
      {text.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥")}
    </span>
  );
}
