import createClient from "openapi-fetch";
import { asApiError, toApiError } from "./problem";
import type { paths } from "./schema";
import { authorization } from "./token";

export const api = createClient<paths>({ baseUrl: "/" });

api.use({
  onRequest({ request }) {
    for (const [name, value] of Object.entries(authorization())) request.headers.set(name, value);
    if (request.method !== "GET") request.headers.set("X-NeuronScope", "1");
    return request;
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer. Throws `ApiError` for a problem or a server that is gone. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    throw asApiError(error);
  }
  if (!answer.response.ok) throw toApiError(answer.response.status, answer.error);
  return answer.data as T;
}
