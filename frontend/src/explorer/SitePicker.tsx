import type { ModelInfo, Over, Site } from "../api/types";
import { INSIDE_ATTENTION, SITE_ORDER, SITES } from "../lib/words";
import metricCss from "../question/question.module.css";
import { Term } from "../ui/Term";
import { styles } from "../ui/ui";
import { withSites } from "./axes";
import css from "./explorer.module.css";
import { refusals } from "./refusals";

const OUTSIDE = SITE_ORDER.filter((site) => !INSIDE_ATTENTION.includes(site));

interface SitePickerProps {
  info: ModelInfo;
  over: Over;
  onChange: (over: Over) => void;
}

/** The sites that a sweep goes over; those inside attention on request, refused ones with why. */
export function SitePicker({ info, over, onChange }: SitePickerProps) {
  const certified = new Set(info.sites.filter((site) => site.certified).map((site) => site.site));
  const reasons = new Map(info.sites.map((site) => [site.site, site.reason]));
  const toggle = (site: Site) => {
    if (!certified.has(site) && !over.sites.includes(site)) return;
    const next = SITE_ORDER.filter((each) => over.sites.includes(each) !== (each === site));
    if (next.length) onChange(withSites(over, next));
  };
  const list = (sites: readonly Site[], label: string) => (
    <ul className={metricCss.metrics} aria-label={label}>
      {sites.map((site) => (
        <li key={site}>
          <button
            type="button"
            className={metricCss.metric}
            aria-pressed={over.sites.includes(site)}
            aria-disabled={!certified.has(site)}
            title={
              certified.has(site)
                ? `${site}: ${SITES[site].meaning}`
                : `${site} is not offered on this model: ${reasons.get(site)}`
            }
            onClick={() => toggle(site)}
          >
            {SITES[site].label}
          </button>
        </li>
      ))}
    </ul>
  );
  return (
    <div className={styles.field}>
      <div className={styles.label}>
        <Term id="site">Sites</Term>
      </div>
      {list(OUTSIDE, "Sites")}
      <details
        className={css.inside}
        open={INSIDE_ATTENTION.some((site) => over.sites.includes(site))}
      >
        <summary>Inside attention</summary>
        {list(INSIDE_ATTENTION, "Inside attention")}
        <Refused info={info} among={INSIDE_ATTENTION} />
      </details>
      <Refused info={info} among={OUTSIDE} />
    </div>
  );
}

function Refused({ info, among }: { info: ModelInfo; among: readonly Site[] }) {
  return refusals(info, among).map(({ sites, reason }) => (
    <p key={reason} className={css.hint}>
      Not on this model: {sites.map((site) => SITES[site].label).join(", ")} ({reason}).
    </p>
  ));
}
