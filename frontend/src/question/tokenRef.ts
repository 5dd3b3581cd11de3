// How a token is named in a question: by its text where that is read as this token, else by its id.
import { api, unwrap } from "../api/client";
import type { TokenScore } from "../api/types";
import { ownTokens } from "./tokenCheck";

export async function tokenRef({
  id,
  token,
}: Pick<TokenScore, "id" | "token">): Promise<string | number> {
  if (token === "") return id;
  const { tokens } = await unwrap(api.POST("/api/tokenize", { body: { prompt: token } }));
  const own = ownTokens(tokens);
  return own.length === 1 && own[0]!.id === id ? token : id;
}
