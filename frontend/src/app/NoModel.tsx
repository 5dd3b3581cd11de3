import { lazy, Suspense } from "react";
import css from "./shell.module.css";

const Without = lazy(() => import("../models/Without"));

/** Shown where a view needs a model. Stored results stay readable without one. */
export function NoModel({ loading }: { loading: string | null }) {
  return (
    <Suspense fallback={<p className={css.loading}>Loading…</p>}>
      <Without loading={loading} />
    </Suspense>
  );
}
