// Whether the server is there, and whether it is the one that this page was opened with.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, unwrap } from "../api/client";
import { useJobNews } from "../api/jobs";
import { keys } from "../api/keys";
import { asApiError } from "../api/problem";
import { useJobs } from "../api/queries";

export const HEALTH_EVERY_MS = 20_000;

/** Follows the queue; after the server was gone, everything shown is asked for again. */
export function useHeartbeat(): { updated: string | null } {
  const client = useQueryClient();
  const jobs = useJobs();
  useJobNews(jobs.data);
  const gone = Boolean(jobs.error) && asApiError(jobs.error).gone;
  const wasGone = useRef(false);
  useEffect(() => {
    if (!gone && wasGone.current) client.invalidateQueries();
    wasGone.current = gone;
  }, [gone, client]);

  const health = useQuery({
    queryKey: ["health"],
    queryFn: () => unwrap(api.GET("/api/health")),
    // A restart can be over before the queue is asked again.
    refetchInterval: HEALTH_EVERY_MS,
    staleTime: HEALTH_EVERY_MS,
  });
  const loaded = health.data?.model;
  const last = useRef(loaded);
  useEffect(() => {
    if (last.current !== undefined && last.current !== loaded)
      client.invalidateQueries({ queryKey: keys.model });
    last.current = loaded;
  }, [loaded, client]);

  const first = useRef<string | null>(null);
  const version = health.data?.version ?? null;
  first.current ??= version;
  return { updated: version !== first.current ? version : null };
}
