// Vectors that are kept on the server.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

export function useVectors() {
  return useQuery({ queryKey: ["vectors"], queryFn: () => unwrap(api.GET("/api/vectors")) });
}

export function useAddVector() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: components["schemas"]["NewVector"]) =>
      unwrap(api.POST("/api/vectors", { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["vectors"] }),
  });
}
