// Arrays as the server sends them: .npy with float32 or float64 in C order.

export interface NumberArray {
  dtype: "float32" | "float64";
  shape: number[];
  values: Float32Array | Float64Array;
}

/** Reads an .npy file. Throws where it is none, or holds something else than numbers of these kinds. */
export function readNpy(buffer: ArrayBuffer): NumberArray {
  const bytes = new Uint8Array(buffer);
  if (String.fromCharCode(...bytes.subarray(1, 6)) !== "NUMPY") throw new Error("Not an .npy file");
  const view = new DataView(buffer);
  const [length, begin] =
    bytes[6] === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  const header = new TextDecoder("latin1").decode(bytes.subarray(begin, begin + length));
  const kind = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (dims === undefined || /'fortran_order':\s*True/.test(header))
    throw new Error("Unknown layout");
  const shape = dims
    .split(",")
    .filter((part) => part.trim())
    .map(Number);
  const data = buffer.slice(begin + length);
  if (kind === "<f4") return { dtype: "float32", shape, values: new Float32Array(data) };
  if (kind === "<f8") return { dtype: "float64", shape, values: new Float64Array(data) };
  throw new Error(`Numbers of kind ${kind} cannot be read here`);
}

/** The vector at some indices of all dimensions but the last. */
export function rowOf({ shape, values }: NumberArray, at: readonly number[]): number[] {
  const width = shape.at(-1) ?? 1;
  const row = at.reduce((sum, index, axis) => sum * shape[axis]! + index, 0);
  return Array.from(values.subarray(row * width, (row + 1) * width));
}
