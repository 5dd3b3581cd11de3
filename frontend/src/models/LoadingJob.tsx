import { useCancelJob, useJobs, useModels } from "../api/queries";
import { bytes, count } from "../lib/format";
import { useSpoken } from "../lib/spoken";
import { Bar, Button } from "../ui/ui";
import css from "./models.module.css";

const PHASES: Record<string, string> = {
  digest: "reading its files for their digest",
  weights: "reading the weights",
  certify: "checking each site",
};

/** A model that is being loaded: what is done, how big it is, and a way to stop it. */
export function LoadingJob({ id }: { id: string }) {
  const job = useJobs().data?.find((each) => each.id === id);
  const entry = useModels().data?.find((each) => each.id === job?.subject);
  const cancel = useCancelJob();
  const name = entry?.name ?? job?.subject ?? "the model";
  const { phase = "", state } = job ?? {};
  const does = state === "queued" ? "waits for the model" : PHASES[phase] || phase || "begins";
  const says = [
    does,
    job?.total ? `${job.done ?? 0} of ${count(job.total, "step")} done` : "",
    entry ? `${bytes(entry.n_bytes)} of weights` : "",
  ];
  const text = says.filter(Boolean).join(" · ");
  return (
    <div className={css.loading}>
      <span aria-hidden="true">{text}</span>
      <span role="status" className="visually-hidden">
        {useSpoken(`${name}: ${text}`)}
      </span>
      <Bar done={job?.done ?? 0} total={job?.done ? job.total : null} label={`Loading ${name}`} />
      <Button
        small
        disabled={cancel.isPending || !job}
        aria-label={`Cancel loading ${name}`}
        title="Load it no further; a model that is loaded already stays"
        onClick={() => cancel.mutate(id)}
      >
        Cancel
      </Button>
    </div>
  );
}
