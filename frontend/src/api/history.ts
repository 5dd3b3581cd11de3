// The history: pages of it, what people write beside results, and bundles.
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { HistoryQuery } from "../history/filters";
import { download } from "../lib/hooks";
import { api, unwrap } from "./client";
import { asApiError, toApiError } from "./problem";
import type { components } from "./schema";
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

/** Saves stored results as one bundle: a file for another machine. */
export function useExport() {
  return useMutation({
    mutationFn: async (ids: readonly string[]) => {
      const query = new URLSearchParams(ids.map((id) => ["id", id]));
      const name = ids.length === 1 ? ids[0] : "experiments";
      await saved(`/api/export?${query}`, `${name}.neuronscope.zip`);
    },
  });
}

/** Takes a bundle in; answers with what it brought and what was there already. */
export function useImport() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (file: File) => {
      let response: Response;
      const headers = {
        ...authorization(),
        "Content-Type": "application/zip",
        "X-NeuronScope": "1",
      };
      try {
        response = await fetch("/api/import", { method: "POST", headers, body: file });
      } catch (error) {
        throw asApiError(error);
      }
      const body = await response.json().catch(() => null);
      if (!response.ok) throw toApiError(response.status, body);
      return body as components["schemas"]["Taken"];
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["history"] }),
  });
}

/** Fetches a file with the access token, and hands it to the browser to be saved. */
async function saved(url: string, name: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, { headers: authorization() });
  } catch (error) {
    throw asApiError(error);
  }
  if (!response.ok) throw toApiError(response.status, await response.json().catch(() => null));
  download(name, await response.blob());
}
