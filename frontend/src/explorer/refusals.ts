import type { ModelInfo, Site } from "../api/types";

export interface Refusal {
  sites: Site[];
  reason: string;
}

/** The sites among these that the model refuses, those with the same reason together. */
export function refusals(info: ModelInfo, among: readonly Site[]): Refusal[] {
  const found: Refusal[] = [];
  for (const site of among) {
    const report = info.sites.find((each) => each.site === site);
    if (!report || report.certified) continue;
    const reason = report.reason || "not found";
    const same = found.find((each) => each.reason === reason);
    if (same) same.sites.push(site);
    else found.push({ sites: [site], reason });
  }
  return found;
}
