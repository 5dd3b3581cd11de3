import { Link } from "wouter";
import { useHistory } from "../api/history";
import { Term } from "../ui/Term";
import { Empty } from "../ui/ui";
import { LoadingJob } from "./LoadingJob";
import { ModelList } from "./ModelList";
import css from "./models.module.css";

const SHOWN = 3;

/** In place of what needs a model: how far the loading is, or models and stored results. */
export default function Without({ loading }: { loading: string | null }) {
  if (loading) {
    return (
      <Empty title="The model is loading">
        <div className={css.without}>
          <LoadingJob id={loading} />
        </div>
        <p>
          Here you change one part of a language model and see what becomes of its next word. Until
          it is there: <Link href="/learn">what the words mean</Link>.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No model is loaded">
      <p>
        An <Term id="experiment">experiment</Term> needs a <Term id="model">model</Term>:{" "}
        <Link href="/m">Choose a model</Link>.
      </p>
      <div className={css.without}>
        <ModelList />
      </div>
      <p>
        Stored results can be read without one: <Link href="/h">look at the history</Link>.
      </p>
      <Stored />
    </Empty>
  );
}

/** The last results. */
function Stored() {
  const items = useHistory({}).data?.pages[0]?.items ?? [];
  if (items.length === 0) return null;
  return (
    <ul className={css.stored} aria-label="Stored results">
      {items.slice(0, SHOWN).map((item) => (
        <li key={item.id}>
          <Link href={`/${item.kind === "run" ? "e" : "s"}/${item.id}`}>
            {item.name || item.title}
          </Link>{" "}
          <span>“{item.prompt}”</span>
        </li>
      ))}
    </ul>
  );
}
