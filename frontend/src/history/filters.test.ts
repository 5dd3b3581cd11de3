import { expect, it } from "vitest";
import {
  anyFilter,
  captureFilters,
  furtherFilters,
  NO_FILTERS,
  readFilters,
  toQuery,
} from "./filters";

const read = (search: string) => readFilters(new URLSearchParams(search));

it("reads every filter from an address", () => {
  const filters = read(
    "q=paris&kind=sweep&model=atlas&op=patch&site=z&from=2026-11-01&to=2026-11-23&tag=x&starred=1",
  );
  expect(filters).toEqual({
    q: "paris",
    kind: "sweep",
    model: "atlas",
    op: "patch",
    site: "z",
    from: "2026-11-01",
    to: "2026-11-23",
    tag: "x",
    starred: true,
  });
  expect(furtherFilters(filters)).toBe(6);
});

it("takes what it does not know as no filter", () => {
  expect(read("kind=foo&op=cut&site=moon&from=yesterday&starred=yes&zzz=1")).toEqual(NO_FILTERS);
  expect(anyFilter(NO_FILTERS)).toBe(false);
});

it("asks the server for what is chosen only, with the last day counted in", () => {
  expect(toQuery(NO_FILTERS)).toEqual({});
  const query = toQuery({ ...NO_FILTERS, op: "zero", from: "2026-02-28", to: "2026-02-28" });
  expect(Object.keys(query).sort()).toEqual(["op", "since", "until"]);
  const hours = (Date.parse(query.until!) - Date.parse(query.since!)) / 3_600_000;
  expect(hours).toBe(24);
});

it("leaves captures the filters that they have", () => {
  const all = read("q=ben&op=zero&kind=run&model=atlas&from=2026-02-28&tag=x&starred=1");
  const left = captureFilters(all);
  expect(left).toEqual({ ...NO_FILTERS, q: "ben", model: "atlas", from: "2026-02-28" });
  expect(furtherFilters(left)).toBe(2);
});
