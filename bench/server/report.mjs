// The results of a benchmark run as a page: what was measured, on what, and the ratios.
const number = (value, digits = 2) => (value === undefined || value < 0 ? 'lost' : value.toFixed(digits));
const ratio = (a, b) => (a > 0 && b > 0 ? (a / b).toFixed(2) : '–');

export function markdown({ environment, load, titles, same_work, capacity }) {
  const names = Object.keys(same_work);
  const out = [
    `# Whole-server benchmark, ${environment.date.slice(0, 10)}`, '',
    'Rooms of four people; each sends one document update (real Yjs typing) and five presence messages a second over its own socket.',
    'Latency is from the send of a document update to its arrival at each of the other three. A server has one core, the generator another.', '',
    `Commit ${environment.commit}, ${environment.build ?? 'unknown'} build; ${environment.cpu}, ${environment.memory_gib} GiB, ${environment.kernel}; Node ${environment.node}, yjs ${environment.yjs}.`, '',
    ...names.map((name) => `- **${name}**: ${titles[name]}`), '',
    `## The same work: ${load.users} users, ${load.seconds} s, the median of ${load.repeat} runs`, '',
    '| server | CPU, part of a core | p50 ms | p99 ms | p99.9 ms | updates delivered | presence delivered a second | memory MiB |', '|---|---|---|---|---|---|---|---|',
    ...names.map((name) => row(name, same_work[name])), '',
  ];
  const ours = same_work.symphony;
  for (const name of names) {
    const theirs = same_work[name];
    if (name === 'symphony' || !ours || ours.failed || theirs.failed) continue;
    out.push(`Symphony to ${name}: CPU ${ratio(ours.server_cpu_s, theirs.server_cpu_s)}, p50 ${ratio(ours.p50_ms, theirs.p50_ms)}, p99 ${ratio(ours.p99_ms, theirs.p99_ms)}.`, '');
  }
  if (Object.keys(capacity).length > 0) {
    out.push(`## Capacity: the most users on one core with p99 under ${load.p99_max_ms} ms and every update delivered`, '',
      '| server | users | p99 ms there | CPU there | generator busy |', '|---|---|---|---|---|',
      ...Object.entries(capacity).map(([name, { users, at }]) =>
        `| ${name} | ${users} | ${at ? number(at.p99_ms) : '–'} | ${at ? `${number(at.server_cpu_part * 100, 0)}%` : '–'} | ${at ? `${number(at.generator_cpu_part * 100, 0)}%` : '–'} |`), '');
  }
  const loads = names.map((name) => same_work[name].load_average).filter((one) => one !== undefined);
  out.push(`Load average during the runs: ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)} (the generator and the server alone make up to 2).` +
    (load.nice < 0 ? ` Others used the machine; servers and generator ran at nice ${load.nice}.` : ''), '');
  return out.join('\n');
}

function row(name, result) {
  if (result.failed) return `| ${name} | ${result.failed.replace(/\|/g, '/')} | | | | | | |`;
  return `| ${name} | ${number(result.server_cpu_part, 3)} | ${number(result.p50_ms)} | ${number(result.p99_ms)} | ${number(result.p999_ms)} | ` +
    `${result.delivered} of ${result.expected} | ${result.presence_received_per_s} | ${number(result.server_rss_mib, 0)} |`;
}
