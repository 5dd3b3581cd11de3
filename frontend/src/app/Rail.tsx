import type { MouseEvent } from "react";
import { Link, useLocation } from "wouter";
import { toWorkbench } from "../state/last";
import { Icon, type IconName } from "../ui/Icon";
import css from "./shell.module.css";

const PLACES: { to: string; label: string; icon: IconName; prefixes: string[] }[] = [
  { to: "/w", label: "Workbench", icon: "workbench", prefixes: ["/w", "/e"] },
  { to: "/s", label: "Explorer", icon: "explorer", prefixes: ["/s"] },
  { to: "/h", label: "History", icon: "history", prefixes: ["/h"] },
  { to: "/c", label: "Compare", icon: "compare", prefixes: ["/c"] },
  { to: "/a", label: "Captures", icon: "captures", prefixes: ["/a"] },
  { to: "/learn", label: "Learn", icon: "learn", prefixes: ["/learn"] },
  { to: "/m", label: "Models", icon: "models", prefixes: ["/m"] },
];

/** A plain click on the workbench leads back to its last result; any other opens a new one. */
function back(event: MouseEvent, go: (to: string) => void) {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(toWorkbench());
}

export function Rail({ path }: { path: string }) {
  const [, go] = useLocation();
  const here = `/${path.split("/")[1] ?? ""}`;
  return (
    <nav className={css.rail} aria-label="Views">
      <Link href="/w" className={css.mark} aria-label="NeuronScope">
        <svg viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
          <path d="M16 2v28" className={css.markStream} />
          <path d="M3 16h6m14 0h6" className={css.markProbe} />
          <circle cx="16" cy="16" r="7" className={css.markRing} />
          <circle cx="16" cy="16" r="2.6" className={css.markDot} />
        </svg>
      </Link>
      <ul>
        {PLACES.map(({ to, label, icon, prefixes }) => (
          <li key={to}>
            <Link
              href={to}
              className={css.place}
              onClick={to === "/w" ? (event) => back(event, go) : undefined}
              aria-current={prefixes.includes(here) ? "page" : undefined}
            >
              <Icon name={icon} size={20} />
              <span>{label}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
