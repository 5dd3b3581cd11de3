// Every key of the page, as the sheet shows them. What a view does with one is in the view.

export interface KeyLine {
  keys: readonly string[];
  does: string;
}

export interface KeyGroup {
  title: string;
  lines: readonly KeyLine[];
}

/** The key after g that leads to a view. */
export const PLACES = {
  w: { to: "/w", label: "Workbench" },
  s: { to: "/s", label: "Explorer" },
  h: { to: "/h", label: "History" },
  c: { to: "/c", label: "Compare" },
  a: { to: "/a", label: "Captures" },
  l: { to: "/learn", label: "Learn" },
  m: { to: "/m", label: "Models" },
} as const;

export const KEY_GROUPS: readonly KeyGroup[] = [
  {
    title: "Go to",
    lines: Object.entries(PLACES).map(([key, { label }]) => ({ keys: ["g", key], does: label })),
  },
  {
    title: "Anywhere",
    lines: [
      { keys: ["?"], does: "help: this sheet" },
      { keys: ["/"], does: "search the history (in Captures: the captures)" },
      { keys: ["Esc"], does: "close what is open" },
    ],
  },
  {
    title: "History and Captures",
    lines: [
      { keys: ["↓", "↑"], does: "from the search to the rows, from row to row, and back" },
      { keys: ["Enter"], does: "open the row" },
      { keys: ["c"], does: "compare the two that are selected (History)" },
    ],
  },
  {
    title: "Workbench and Explorer",
    lines: [
      { keys: ["r"], does: "run" },
      { keys: ["."], does: "cancel what this view waits for" },
      { keys: ["e"], does: "save the chart as SVG, PNG, CSV or JSON (also Compare, Captures)" },
      { keys: ["["], does: "edit one layer earlier (Workbench)" },
      { keys: ["]"], does: "edit one layer later (Workbench)" },
      { keys: ["Ctrl", "z"], does: "undo a change of the edits (Workbench)" },
      { keys: ["Ctrl", "Shift", "z"], does: "do it again (Workbench)" },
    ],
  },
  {
    title: "On the model map and on a grid",
    lines: [
      { keys: ["g", "g"], does: "to the grid" },
      { keys: ["←", "→", "↑", "↓"], does: "walk" },
      { keys: ["Enter"], does: "choose the part, or open the cell as an experiment" },
      { keys: ["Space"], does: "pin the cell (grid)" },
      { keys: ["Shift", "↓"], does: "mark several cells (grid)" },
      { keys: ["Delete"], does: "remove the edit (map)" },
    ],
  },
];
