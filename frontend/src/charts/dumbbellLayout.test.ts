import { expect, it } from "vitest";
import { dumbbellLayout } from "./dumbbellLayout";

const score = (id: number, prob: number) => ({ id, token: `t${id}`, logit: 0, prob });
const options = { width: 500, left: 100, right: 20, log: false, limit: 10 };

it("puts each token once, matched by id and not by text", () => {
  const clean = [
    { ...score(1, 0.8), token: "a" },
    { ...score(2, 0.1), token: "a" },
  ];
  const { rows } = dumbbellLayout(clean, [score(2, 0.6), score(3, 0.2)], options);
  expect(rows.map((row) => row.id)).toEqual([1, 2, 3]);
  expect(rows[1]).toMatchObject({ cleanRank: 2, editedRank: 1 });
});

it("leaves an absent token open instead of drawing it at zero", () => {
  const { rows } = dumbbellLayout([score(1, 0.8)], [score(3, 0.2)], options);
  expect(rows[0]).toMatchObject({ edited: null, editedP: null });
  expect(rows[1]).toMatchObject({ clean: null });
});

it("draws a larger probability further right, also on a log axis", () => {
  for (const log of [false, true]) {
    const { rows } = dumbbellLayout([score(1, 0.8)], [score(1, 0.001)], { ...options, log });
    expect(rows[0]!.clean!).toBeGreaterThan(rows[0]!.edited!);
    expect(rows[0]!.clean!).toBeLessThanOrEqual(480);
    expect(rows[0]!.edited!).toBeGreaterThanOrEqual(100);
  }
});
