// Numbers below `n`, evenly spread: the same sequence for the same seed, on every machine.
export function random(seed) {
  let state = seed | 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 4294967296) * n);
  };
}
