import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "../api/client";

/** Queues the cells that a stopped sweep lacks, and those that failed. */
export function useResume() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (key: string) =>
      unwrap(api.POST("/api/sweeps/{key}/resume", { params: { path: { key } } })),
    onSuccess: () => {
      for (const head of ["jobs", "sweep", "history", "grid"])
        client.invalidateQueries({ queryKey: [head] });
    },
  });
}
