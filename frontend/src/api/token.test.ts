import { expect, it } from "vitest";
import { authorization, takeToken } from "./token";

it("moves the token from the fragment to storage and leaves the rest of the URL", () => {
  window.history.replaceState(null, "", "/s/abc?metric=kl#token=s3cret");
  takeToken(window.location, window.history, localStorage);
  expect(window.location.hash).toBe("");
  expect(window.location.pathname + window.location.search).toBe("/s/abc?metric=kl");
  expect(authorization(localStorage)).toEqual({ Authorization: "Bearer s3cret" });
});

it("leaves a draft behind # where it is", () => {
  window.history.replaceState(null, "", "/w#token=s3cret&spec=abc");
  takeToken(window.location, window.history, localStorage);
  expect(window.location.hash).toBe("#spec=abc");
});
