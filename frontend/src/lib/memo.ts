// Results that are kept with what they were made of.

/**
 * The same function, which keeps its last result with its first argument: for pure functions of
 * data that is replaced, never changed in place. What nobody holds any more is forgotten.
 */
export function kept<First extends object, Rest extends readonly unknown[], Result>(
  make: (first: First, ...rest: Rest) => Result,
): (first: First, ...rest: Rest) => Result {
  const known = new WeakMap<First, { rest: Rest; result: Result }>();
  return (first, ...rest) => {
    const last = known.get(first);
    if (last?.rest.length === rest.length && last.rest.every((each, at) => each === rest[at]))
      return last.result;
    const result = make(first, ...rest);
    known.set(first, { rest, result });
    return result;
  };
}
