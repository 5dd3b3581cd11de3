// Names for the generated types. Nothing here repeats a field of theirs.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Edit = Schemas["Edit"];
export type Target = Schemas["Target"];
export type Site = Target["site"];
export type Op = Edit["op"];
export type OpKind = NonNullable<Op["kind"]>;
export type OpOf<K extends OpKind> = Extract<Op, { kind?: K }> & { kind: K };
export type Direction = Schemas["Add"]["direction"];
export type RunSpec = Schemas["Run"];
export type SweepSpec = Schemas["Sweep"];
export type Over = Schemas["Over"];
export type Metric = NonNullable<RunSpec["metrics"]>[number];
export type MetricKind = NonNullable<Metric["kind"]>;
export type Prompt = RunSpec["prompt"];

export type Token = Schemas["Token"];
export type TokenScore = Schemas["TokenScore"];
export type MetricValue = Schemas["MetricValue"];
export type MetricInfo = Schemas["MetricInfo"];
export type Result = Schemas["Result"];
export type GridData = Schemas["GridData"];
export type Cell = Schemas["Cell"];
export type CellStatus = GridData["status"][string][number];
export type RunPlan = Schemas["RunPlan"];
export type SweepAccepted = Schemas["SweepAccepted"];
export type SweepPlan = Schemas["SweepPlan"];
export type SiteReport = Schemas["SiteReport"];
export type StageReport = Schemas["StageReport"];
export type ModelInfo = Schemas["ModelInfo"];
export type ModelEntry = Schemas["ModelEntry"];
export type Job = Schemas["Job"];
export type Summary = Schemas["Summary"];
export type RunRecord = Schemas["Record"];
export type CaptureSpec = Schemas["Capture"];
export type CaptureRecord = Schemas["CaptureRecord"];
export type CaptureSummary = Schemas["CaptureSummary"];
export type CaptureEntry = Schemas["CaptureEntry"];
export type VectorInfo = Schemas["VectorInfo"];
