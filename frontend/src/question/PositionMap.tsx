import { type KeyboardEvent, useState } from "react";
import type { Token } from "../api/types";
import { visible } from "../lib/format";
import { type Pair, parsePairs, showPairs } from "../lib/indices";
import { Term } from "../ui/Term";
import { Button, cx, Field, Notice, styles } from "../ui/ui";
import { withoutPair, withPair } from "./align";
import css from "./question.module.css";

interface PositionMapProps {
  here: readonly Token[];
  there: readonly Token[];
  pairs: readonly Pair[];
  onChange: (pairs: Pair[]) => void;
}

/** Which position takes from which: choose a token of the prompt, then one of the source. */
export function PositionMap({ here, there, pairs, onChange }: PositionMapProps) {
  const [picked, setPicked] = useState<number | null>(null);
  const at = (index: number, size: number) => (index < 0 ? index + size : index);
  const partner = new Map(pairs.map(([i, j]) => [at(i, here.length), at(j, there.length)]));
  const taken = new Set(partner.values());
  const told = picked === null ? null : here[picked];
  const pick = (index: number) => {
    if (picked === index && partner.has(index)) {
      onChange(withoutPair(pairs, index));
      setPicked(null);
    } else setPicked(picked === index ? null : index);
  };
  return (
    <div className={css.map} role="group" aria-label="Position map">
      <p className={styles.label}>
        <small>
          <Term id="position_map">Position map</Term>.{" "}
          {told
            ? `Now choose where position ${told.index} ${visible(told.text)} takes from${partner.has(told.index) ? ", or press it again to unpair it" : ""}.`
            : "Choose a token of the prompt, then the source token that it takes from."}
        </small>
      </p>
      <Chips
        label="Tokens of the prompt"
        tokens={here}
        note={(index) => (partner.has(index) ? `${index}←${partner.get(index)}` : String(index))}
        pressed={(index) => index === picked}
        paired={(index) => partner.has(index)}
        onPress={pick}
      />
      <Chips
        label="Tokens of the source"
        tokens={there}
        note={String}
        pressed={(index) => picked !== null && partner.get(picked) === index}
        paired={(index) => taken.has(index)}
        disabled={picked === null}
        onPress={(index) => {
          onChange(withPair(pairs, picked!, index));
          setPicked(null);
        }}
      />
      <PairsField key={showPairs(pairs)} pairs={pairs} onChange={onChange} />
    </div>
  );
}

interface ChipsProps {
  label: string;
  tokens: readonly Token[];
  note: (index: number) => string;
  pressed: (index: number) => boolean;
  paired: (index: number) => boolean;
  disabled?: boolean;
  onPress: (index: number) => void;
}

/** One row of tokens: a single stop of the Tab key, walked with the arrows. */
function Chips({ label, tokens, note, pressed, paired, disabled, onPress }: ChipsProps) {
  const [stop, setStop] = useState(0);
  const walk = (event: KeyboardEvent<HTMLElement>) => {
    const to = { ArrowLeft: stop - 1, ArrowRight: stop + 1, Home: 0, End: tokens.length - 1 }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(to, tokens.length - 1));
    setStop(next);
    event.currentTarget.querySelectorAll("button")[next]?.focus();
  };
  return (
    <div role="toolbar" aria-label={label} className={css.chips} onKeyDown={walk}>
      {tokens.map((token, index) => (
        <button
          key={token.index}
          type="button"
          tabIndex={index === Math.min(stop, tokens.length - 1) ? 0 : -1}
          className={cx(css.chip, paired(index) && css.paired, pressed(index) && css.chosen)}
          aria-pressed={pressed(index)}
          aria-disabled={disabled}
          onFocus={() => setStop(index)}
          onClick={() => !disabled && onPress(index)}
        >
          <span className={css.chipText}>{visible(token.text) || "∅"}</span>
          <span className={css.chipIndex}>{note(index)}</span>
        </button>
      ))}
    </div>
  );
}

function PairsField({
  pairs,
  onChange,
}: {
  pairs: readonly Pair[];
  onChange: (pairs: Pair[]) => void;
}) {
  const [text, setText] = useState(showPairs(pairs));
  const parsed = parsePairs(text);
  return (
    <>
      <div className={css.reading}>
        <Field label="As text" note="such as 4:6">
          <input
            className={cx(styles.input, styles.mono)}
            value={text}
            spellCheck={false}
            aria-invalid={!parsed.ok}
            onChange={(event) => setText(event.target.value)}
            onBlur={() => parsed.ok && showPairs(pairs) !== text && onChange(parsed.value)}
          />
        </Field>
        <Button small disabled={pairs.length === 0} onClick={() => onChange([])}>
          Clear
        </Button>
      </div>
      {!parsed.ok && <Notice kind="warn">{parsed.reason}.</Notice>}
    </>
  );
}
