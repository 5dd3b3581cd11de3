import { useJobs } from "../api/queries";
import { waitingWords } from "./queueWords";

/** What a job of this tab waits for, in words; null where it does not wait, or there is none. */
export function useWaiting(job: string | null): string | null {
  const jobs = useJobs().data ?? [];
  const says = job && waitingWords(job, jobs);
  return says ? `${says}.` : null;
}
