import type { Result } from "../api/types";
import { number, percent } from "../lib/format";
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
            {["Run", "Place", "Token", "Id"].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            <th scope="col" className={styles.num}>
              Probability
            </th>
            <th scope="col" className={styles.num}>
              Logit
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
