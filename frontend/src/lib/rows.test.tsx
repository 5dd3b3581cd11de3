import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { ROWS_ID, SEARCH_ID, toRows, walkRows } from "./rows";

afterEach(cleanup);

function list() {
  render(
    <>
      <input id={SEARCH_ID} onKeyDown={toRows} aria-label="search" />
      <ul id={ROWS_ID} onKeyDown={walkRows}>
        {["one", "two"].map((name) => (
          <li key={name}>
            <input type="checkbox" aria-label={`box ${name}`} />
            <a href={`#${name}`}>{name}</a>
            <input aria-label={`note ${name}`} />
          </li>
        ))}
      </ul>
    </>,
  );
}

const press = (key: string) => fireEvent.keyDown(document.activeElement!, { key });
const focused = () =>
  document.activeElement!.getAttribute("aria-label") ?? document.activeElement!.textContent;

it("leads from the search down the rows, and up again", () => {
  list();
  screen.getByLabelText("search").focus();
  const walked = ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp"].map((key) => {
    press(key);
    return focused();
  });
  expect(walked).toEqual(["one", "two", "two", "one", "search"]);
});

it("goes from check box to check box, and leaves a text field its arrows", () => {
  list();
  screen.getByLabelText("box one").focus();
  press("ArrowDown");
  expect(focused()).toBe("box two");
  screen.getByLabelText("note one").focus();
  press("ArrowDown");
  expect(focused()).toBe("note one");
});
