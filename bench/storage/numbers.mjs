// The value below which a part of all lies; NaN of none.
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

export const median = (values) => quantile(values, 0.5);

// The run in the middle, by one of its figures.
export const middle = (runs, figure) => [...runs].sort((a, b) => figure(a) - figure(b))[Math.floor((runs.length - 1) / 2)];
