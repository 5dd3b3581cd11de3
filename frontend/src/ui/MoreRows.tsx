import { count } from "../lib/format";
import { Button } from "./ui";

/** Below a table of which a part is shown: how many rows are left, and a button for more. */
export function MoreRows({
  left,
  onMore,
  note = "; CSV has all",
}: {
  left: number;
  onMore: () => void;
  note?: string;
}) {
  if (left <= 0) return null;
  return (
    <Button small onClick={onMore}>
      Show more ({count(left, "row")} left{note})
    </Button>
  );
}
