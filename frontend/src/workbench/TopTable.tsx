import type { Result } from "../api/types";
import { number, percent } from "../lib/format";
import { Term } from "../ui/Term";
import { styles, TokenText } from "../ui/ui";

/** Both top-k lists with every number. */
export function TopTable({ result }: { result: Result }) {
  const sides = [
    { name: "Clean", top: result.clean.top },
    { name: "Edited", top: result.edited.top },
  ];
  const show = (value: number | null, as: (n: number) => string) =>
    value === null ? "not a number" : as(value);
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label="Top tokens as a table">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Place</th>
            <th scope="col">
              <Term id="token">Token</Term>
            </th>
            <th scope="col">
              <Term id="token_id">Id</Term>
            </th>
            <th scope="col" className={styles.num}>
              <Term id="probability">Probability</Term>
            </th>
            <th scope="col" className={styles.num}>
              <Term id="logit">Logit</Term>
            </th>
          </tr>
        </thead>
        <tbody>
          {sides.flatMap(({ name, top }) =>
            top.map((score, index) => (
              <tr key={name + score.id}>
                <td>{name}</td>
                <td>{index + 1}</td>
                <td>
                  <TokenText text={score.token} />
                </td>
                <td>{score.id}</td>
                <td className={styles.num}>{show(score.prob, percent)}</td>
                <td className={styles.num}>{show(score.logit, number)}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}
