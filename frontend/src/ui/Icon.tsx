const PATHS = {
  workbench: "M3 12h5m8 0h5M12 3v5m0 8v5M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
  explorer:
    "M4 4h4v4H4zM10 4h4v4h-4zM16 4h4v4h-4zM4 10h4v4H4zM10 10h4v4h-4zM16 10h4v4h-4zM4 16h4v4H4zM10 16h4v4h-4zM16 16h4v4h-4z",
  history: "M4 6h16M4 12h16M4 18h10",
  captures: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8 15v-3m4 3V8m4 7v-5",
  models: "M12 3 4 7.5v9L12 21l8-4.5v-9L12 3Zm0 9 8-4.5M12 12v9M12 12 4 7.5",
  compare: "M4 4h7v16H4zM13 4h7v16h-7zM7 9h1m-1 4h1m8-4h1m-1 4h1",
  learn:
    "M3 8.500 12 4l9 4.500-9 4.500-9-4.500Zm4 2.500v5c2.800 2.700 7.200 2.700 10 0v-5M21 8.500V14",
  keys: "M9.200 9a2.900 2.900 0 1 1 4.300 2.500c-1 .6-1.500 1.200-1.500 2.500m0 3.500v.100M12 2.500a9.500 9.500 0 1 0 0 19 9.500 9.500 0 0 0 0-19Z",
  close: "M6 6l12 12M18 6 6 18",
  plus: "M12 5v14M5 12h14",
  star: "m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.700l5.900-.8L12 3.500Z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v3m0 14v3M2 12h3m14 0h3M5 5l2 2m10 10 2 2M5 19l2-2M17 7l2-2",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500Z",
  system: "M4 5h16v11H4zM9 20h6m-3-4v4",
  undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "m15 14 5-5-5-5m5 5H10a6 6 0 0 0 0 12h3",
  arrow: "M5 12h14m-5-5 5 5-5 5",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  left: "m14 6-6 6 6 6",
  right: "m10 6 6 6-6 6",
  copy: "M8 8h12v12H8zM16 8V4H4v12h4",
  warn: "M12 4 2.500 20h19L12 4Zm0 6v5m0 2.500v.100",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({
  name,
  size = 16,
  filled,
}: {
  name: IconName;
  size?: number;
  filled?: boolean;
}) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={filled ? "currentColor" : "none"}
      stroke="currentColor"
      strokeWidth={1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
