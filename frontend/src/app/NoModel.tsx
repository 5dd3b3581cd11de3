import { Link } from "wouter";
import { useJobs } from "../api/queries";
import { count } from "../lib/format";
import { Term } from "../ui/Term";
import { Bar, Empty } from "../ui/ui";

/** Shown where a view needs a model. Stored results stay readable without one. */
export function NoModel({ loading }: { loading: string | null }) {
  const job = useJobs().data?.find((each) => each.id === loading);
  if (loading) {
    return (
      <Empty title="The model is loading">
        <p role="status">
          {job?.phase || "reading the weights"}
          {job?.total ? `, ${job.done ?? 0} of ${count(job.total, "step")}` : ""}
        </p>
        <div style={{ width: 280 }}>
          <Bar
            done={job?.done ?? 0}
            total={job?.done ? job.total : null}
            label="Loading the model"
          />
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
        An <Term id="experiment">experiment</Term> needs a <Term id="model">model</Term>. Stored
        results can be read without one.
      </p>
      <p>
        <Link href="/m">Choose a model</Link> or <Link href="/h">look at the history</Link>.
      </p>
    </Empty>
  );
}
