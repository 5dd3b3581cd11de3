import { expect, it } from "vitest";
import { readNpy, rowOf } from "./npy";

function npy(descr: string, shape: string, data: Float32Array | Float64Array): ArrayBuffer {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117);
  const head = [0x93, ..."NUMPY".split("").map((c) => c.charCodeAt(0)), 1, 0, 118, 0];
  const text = `${header}\n`.split("").map((c) => c.charCodeAt(0));
  return new Uint8Array([...head, ...text, ...new Uint8Array(data.buffer)]).buffer;
}

it("reads float32 and float64 with their shape", () => {
  const single = readNpy(npy("<f4", "2, 3", new Float32Array([1, 2, 3, 4, 5, 6])));
  expect(single).toMatchObject({ dtype: "float32", shape: [2, 3] });
  expect(rowOf(single, [1])).toEqual([4, 5, 6]);
  const double = readNpy(npy("<f8", "3,", new Float64Array([0.1, 0.2, 0.3])));
  expect(double.shape).toEqual([3]);
  expect(rowOf(double, [])).toEqual([0.1, 0.2, 0.3]);
});

it("finds a row behind several dimensions", () => {
  const values = Float32Array.from({ length: 12 }, (_, i) => i);
  expect(rowOf(readNpy(npy("<f4", "2, 3, 2", values)), [1, 2])).toEqual([10, 11]);
});

it("refuses what it does not know rather than give other numbers", () => {
  expect(() => readNpy(npy("<f2", "2,", new Float32Array(1)))).toThrow("<f2");
  expect(() => readNpy(new ArrayBuffer(20))).toThrow("Not an .npy file");
});
