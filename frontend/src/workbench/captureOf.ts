// The capture that asks for the parts which a draft edits.
import type { CaptureSpec, Target } from "../api/types";
import type { Draft } from "../state/draft";
import { same } from "../state/url";

/** Each part once; held edits always apply, as they do in both runs. */
export function captureOf(draft: Draft, edited: boolean): CaptureSpec {
  const targets: Target[] = [];
  for (const { target } of draft.edits) {
    if (!targets.some((each) => same(each, target))) targets.push(target);
  }
  const edits = [...draft.held, ...(edited ? draft.edits : [])];
  return {
    prompt: draft.prompt,
    targets,
    ...(edits.length > 0 && { edits }),
    ...(draft.ordered && { ordered: true }),
  };
}
