// The metrics of a draft, and the answer and foil that they share.
import type { Metric, MetricKind, Op } from "../api/types";
import { METRICS } from "../lib/words";

type TokenRef = string | number;

function inner(metric: Metric): Metric {
  return metric.kind === "recovered" ? metric.of : metric;
}

export function firstAnswer(metrics: readonly Metric[]): TokenRef | null {
  for (const metric of metrics.map(inner)) {
    if ("answer" in metric) return metric.answer;
    if ("token" in metric) return metric.token;
  }
  return null;
}

export function firstFoil(metrics: readonly Metric[]): TokenRef | null {
  for (const metric of metrics.map(inner)) if ("foil" in metric) return metric.foil;
  return null;
}

export function makeMetric(kind: MetricKind, answer: TokenRef, foil: TokenRef): Metric {
  switch (kind) {
    case "kl":
    case "js":
      return { kind };
    case "logit_diff":
      return { kind, answer, foil };
    case "recovered":
      return { kind, of: { kind: "logit_diff", answer, foil } };
    default:
      return { kind, token: answer };
  }
}

export function hasKind(metrics: readonly Metric[], kind: MetricKind): boolean {
  return metrics.some((metric) => metric.kind === kind);
}

/** Whether one of these takes values from a source prompt. */
export function hasSource(ops: readonly Op[]): boolean {
  return ops.some(({ kind }) => kind === "patch" || kind === "path");
}

/** What of these can be asked: "recovered" waits for a source prompt that it compares with. */
export function measurable(metrics: readonly Metric[], ops: readonly Op[]): Metric[] {
  if (hasSource(ops)) return [...metrics];
  const rest = metrics.filter(({ kind }) => kind !== "recovered");
  return rest.length ? rest : metrics.map(inner);
}

/** Switches a kind on or off; the order is the one of the picker, and one always stays. */
export function toggleKind(
  metrics: readonly Metric[],
  kind: MetricKind,
  answer: TokenRef,
  foil: TokenRef,
): Metric[] {
  if (hasKind(metrics, kind)) {
    const rest = metrics.filter((metric) => metric.kind !== kind);
    return rest.length ? rest : [...metrics];
  }
  const order = Object.keys(METRICS);
  return [...metrics, makeMetric(kind, answer, foil)].sort(
    (a, b) => order.indexOf(a.kind ?? "kl") - order.indexOf(b.kind ?? "kl"),
  );
}

/** The same metrics with another answer or foil wherever the old one stood. */
export function replaceToken(metrics: readonly Metric[], from: TokenRef, to: TokenRef): Metric[] {
  const swap = (token: TokenRef): TokenRef => (token === from ? to : token);
  return metrics.map((metric): Metric => {
    switch (metric.kind) {
      case "logit_diff":
        return { ...metric, answer: swap(metric.answer), foil: swap(metric.foil) };
      case "recovered":
        return { ...metric, of: replaceToken([metric.of], from, to)[0] as typeof metric.of };
      case "prob":
      case "log_prob":
      case "rank":
        return { ...metric, token: swap(metric.token) };
      default:
        return metric;
    }
  });
}

/** The same metrics with one read at a position of its own, or (null) where all are read. */
export function withPosition(
  metrics: readonly Metric[],
  index: number,
  position: number | null,
): Metric[] {
  return metrics.map((metric, i) => {
    if (i !== index) return metric;
    const { position: _, ...rest } = metric;
    return position === null ? (rest as Metric) : { ...metric, position };
  });
}
