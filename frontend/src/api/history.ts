// The history: pages of it, what people write beside results, and bundles.
import { keepPreviousData, useInfiniteQuery, useMutation } from "@tanstack/react-query";
import type { HistoryQuery } from "../history/filters";
import { download } from "../lib/hooks";
import { api, unwrap } from "./client";
import { asApiError, toApiError } from "./problem";
import { authorization } from "./token";

const PAGE = 30;

/** Stored results that fit, newest first, page after page. */
export function useHistory(query: HistoryQuery) {
  return useInfiniteQuery({
    queryKey: ["history", query],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/experiments", {
          params: { query: { limit: PAGE, ...query, ...(pageParam && { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
}

/** Saves one stored result as a bundle: a file for another machine. */
export function useExport() {
  return useMutation({
    mutationFn: async ({ id, kind }: { id: string; kind: "run" | "sweep" }) => {
      const group = kind === "sweep" ? "sweeps" : "experiments";
      await saved(`/api/${group}/${encodeURIComponent(id)}/export`, `${id}.neuronscope.zip`);
    },
  });
}

/** Fetches a file with the access token, and hands it to the browser to be saved. */
async function saved(url: string, name: string, init: RequestInit = {}): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers: { ...authorization(), ...init.headers } });
  } catch (error) {
    throw asApiError(error);
  }
  if (!response.ok) throw toApiError(response.status, await response.json().catch(() => null));
  download(name, await response.blob());
}
