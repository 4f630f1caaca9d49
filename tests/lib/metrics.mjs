// A server's /metrics as a map from series, labels included, to its value.
export async function metrics(server) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return new Map([...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, series, value]) => [series, Number(value)]));
}

// Of all series of that name.
export function sum(page, name) {
  let total = 0;
  for (const [series, value] of page) if (series === name || series.startsWith(`${name}{`)) total += value;
  return total;
}
