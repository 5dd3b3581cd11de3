/** A sentence whose tokens, marked with `, are set in their own type. */
export function Marked({ text }: { text: string }) {
  return text.split("`").map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one sentence do not move
    index % 2 ? <code key={index}>{part}</code> : part,
  );
}
