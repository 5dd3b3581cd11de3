import type { ModelInfo, Site, SiteReport } from "../api/types";
import { count } from "../lib/format";
import { showIndices } from "../lib/indices";
import { SITES } from "../lib/words";
import { Term } from "../ui/Term";
import { styles } from "../ui/ui";
import css from "./models.module.css";

/** Each site with its layers, and the reason where it is refused. */
export function SiteTable({ info }: { info: ModelInfo }) {
  const certified = info.sites.filter((site) => site.certified).length;
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label="Sites of the model">
      <table className={styles.table}>
        <caption className={css.caption}>
          <Term id="site">Sites</Term>. Each was checked on this model: an edit must fire, do what
          it says, and leave nothing behind. {count(certified, "site is", "sites are")}{" "}
          <Term id="certified">certified</Term>.
        </caption>
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col">What it is</th>
            <th scope="col">
              <Term id="layer">Layers</Term>
            </th>
            <th scope="col">Certified</th>
          </tr>
        </thead>
        <tbody>
          {info.sites.map((site) => (
            <tr key={site.site}>
              <td className={styles.mono}>
                {site.site in SITES ? <Term id={site.site as Site}>{site.site}</Term> : site.site}
              </td>
              <td>{SITES[site.site as Site]?.meaning ?? ""}</td>
              <td>{site.layers?.length ? showIndices(site.layers) : "–"}</td>
              <td className={css.verdict}>
                <Verdict site={site} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Verdict({ site }: { site: SiteReport }) {
  const refused = site.refused ?? [];
  if (!site.certified) return <span className={css.no}>no: {site.reason}</span>;
  return (
    <>
      <span className={css.yes}>yes{refused.length > 0 && ", at these layers"}</span>
      {refused.map(({ reason, layers }) => (
        <small key={reason} className={css.no}>
          not at {showIndices(layers ?? [])}: {reason}
        </small>
      ))}
      {site.note && <small>{site.note}</small>}
    </>
  );
}
