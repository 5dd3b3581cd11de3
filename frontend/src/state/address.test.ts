import { expect, it } from "vitest";
import { draftIn, LONGEST_QUERY, withDraft } from "./address";

it("writes a short draft into the query and a long one behind #", () => {
  expect(withDraft("/w", "?metric=kl", "abc")).toBe("/w?metric=kl&spec=abc");
  const long = "a".repeat(LONGEST_QUERY + 1);
  expect(withDraft("/w", "?spec=abc", long)).toBe(`/w#spec=${long}`);
  expect(withDraft("/w", "?spec=abc", "")).toBe("/w");
});

it("reads it back from either", () => {
  for (const text of ["abc", "b".repeat(5000)]) {
    const url = new URL(withDraft("/w", "", text), "http://localhost");
    expect(draftIn(url.search, url.hash)).toBe(text);
  }
  expect(draftIn("?q=x", "#token=y")).toBe("");
});
