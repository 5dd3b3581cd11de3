import { expect, it } from "vitest";
import { toApiError } from "../api/problem";
import { useMessages } from "./messages";

const failed = (n: number) =>
  toApiError(500, { title: "It failed", status: 500, detail: `Number ${n}.` });

it("keeps every error until it is dismissed", () => {
  const { report, dismiss, dismissAll, pass } = useMessages.getState();
  for (let n = 0; n < 9; n++) report(failed(n));
  report(failed(3));
  pass();
  expect(useMessages.getState().list).toHaveLength(9);
  dismiss(useMessages.getState().list[0]!.id);
  expect(useMessages.getState().list.map(({ detail }) => detail)).not.toContain("Number 0.");
  expect(useMessages.getState().list).toHaveLength(8);
  dismissAll();
  expect(useMessages.getState().list).toEqual([]);
});
