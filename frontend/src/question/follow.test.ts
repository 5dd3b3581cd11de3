import { expect, it } from "vitest";
import { EXAMPLE, fromSpec, toRun, toSweep } from "../state/draft";
import { answerShare } from "./answerShare";
import { chosenFrom, staleIn, withAnswers } from "./follow";

const score = (id: number, token: string, prob: number) => ({ id, token, prob, logit: 1 });
const TOP = [score(1, " meat", 0.9), score(2, " fish", 0.05), score(3, " it", 0.002)];

it("knows an answer that was chosen for another prompt, and keeps a pinned one", () => {
  expect(staleIn(EXAMPLE, [])).toBeNull();
  expect(staleIn({ ...EXAMPLE, prompt: "My dog" }, [])).toBe("answer");
  expect(staleIn({ ...EXAMPLE, prompt: "My dog", answerBy: "pin" }, [])).toBeNull();
  expect(staleIn(fromSpec({ ...toRun(EXAMPLE), prompt: "My dog" }, EXAMPLE), [])).toBeNull();
});

it("knows a foil that was chosen for another source prompt, where a metric uses it", () => {
  const patch = (source_prompt: string) => ({ kind: "patch" as const, source_prompt });
  const of = { kind: "logit_diff" as const, answer: " Paris", foil: " Rome" };
  const draft = { ...EXAMPLE, metrics: [of] };
  expect(staleIn(draft, [patch("The Colosseum is in")])).toBeNull();
  expect(staleIn(draft, [patch("The Kremlin is in")])).toBe("foil");
  expect(staleIn(EXAMPLE, [patch("The Kremlin is in")])).toBeNull();
  expect(staleIn({ ...draft, answerBy: "pin" }, [patch("The Kremlin is in")])).toBeNull();
  const followed = { ...draft, ...withAnswers(draft, " Paris", " Moscow", "The Kremlin is in") };
  expect(staleIn(followed, [patch("The Kremlin is in")])).toBeNull();
  expect(staleIn(followed, [patch("The Colosseum is in")])).toBe("foil");
  const stored = fromSpec({ ...toSweep({ ...draft, op: patch("The Kremlin is in") }) }, EXAMPLE);
  expect(staleIn(stored, [patch("The Kremlin is in")])).toBeNull();
  expect(staleIn(stored, [patch("The Colosseum is in")])).toBe("foil");
});

it("follows the first token, and as foil what the source prompt says", () => {
  expect(chosenFrom(TOP, [])?.map(({ id }) => id)).toEqual([1, 2]);
  expect(chosenFrom(TOP, [score(9, " bone", 1)])?.map(({ id }) => id)).toEqual([1, 9]);
  expect(chosenFrom(TOP, [TOP[0]!])?.map(({ id }) => id)).toEqual([1, 2]);
});

it("changes answer and foil in every metric, also where they change places", () => {
  const of = { kind: "logit_diff" as const, answer: " Paris", foil: " Rome" };
  const draft = { ...EXAMPLE, metrics: [{ kind: "prob" as const, token: " Paris" }, of] };
  const next = { ...draft, ...withAnswers(draft, " Rome", " Paris") };
  expect(next.metrics).toEqual([
    { kind: "prob", token: " Rome" },
    { kind: "logit_diff", answer: " Rome", foil: " Paris" },
  ]);
  expect(next.answerBy).toBe("model");
});

it("tells how little an answer has where it is not what the model says", () => {
  expect(answerShare(" it", TOP)).toEqual({ prob: 0.002, atMost: false, low: true });
  expect(answerShare(" Paris", TOP)).toEqual({ prob: 0.002, atMost: true, low: true });
  expect(answerShare(1, TOP)?.low).toBe(false);
  expect(answerShare(" it", [])).toBeNull();
});

it("sends no recovered share without a source prompt, and keeps it for when there is one", () => {
  const of = { kind: "logit_diff" as const, answer: " Paris", foil: " Rome" };
  const draft = {
    ...EXAMPLE,
    metrics: [{ kind: "kl" as const }, { kind: "recovered" as const, of }],
  };
  expect(toRun(draft).metrics).toEqual([{ kind: "kl" }]);
  const op = { kind: "patch" as const, source_prompt: "The Colosseum is in" };
  expect(toSweep({ ...draft, op }).metrics).toEqual(draft.metrics);
  expect(toRun({ ...draft, metrics: [{ kind: "recovered", of }] }).metrics).toEqual([of]);
});
