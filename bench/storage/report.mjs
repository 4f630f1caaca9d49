// The results as a page: what was measured, on what, and how far each figure is from its floor.
const show = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(value >= 1 ? 3 : 2));
const size = (bytes) => (bytes >= 1e6 ? `${show(bytes / 1e6)} MB` : `${show(bytes / 1e3)} kB`);
const beside = (value, floor) => `${show(value)} / ${show(floor)} (${show(value / floor)})`;

export function markdown({ environment, settings, acknowledging, loading }) {
  const { date, commit, build, cpu, memory_gib, kernel, node, postgres, load_average } = environment;
  return [
    `# Storage benchmark, ${date.slice(0, 10)}`, '',
    `Commit ${commit}, ${build ?? 'unknown'} build; ${cpu}, ${memory_gib} GiB, ${kernel}; Node ${node}; ${postgres}. ` +
      `Medians of ${settings.repeat} runs of ${settings.seconds} s; load average ${load_average.map((one) => one.toFixed(1)).join(' to ')} on ${cpu.split(' ')[0]} cores` +
      `${settings.nice < 0 ? `; others used the machine, everything here ran at nice ${settings.nice}` : ''}.`, '',
    'One server with one event loop, real sockets, one person a room typing letter by letter. Each cell is **figure / floor (ratio)**, the floor from the same run.', '',
    '## Until an edit is durable, and how many are', '',
    'Times at the given pace over all rooms; updates a second with 16 in flight a room. Floor on SQLite\'s side: write and fdatasync of the same bytes',
    'to a file of the same disk, one update each at the same pace (at most 100 a second); for the rate without pause, with as many updates in one write',
    'as the server put in one commit. On Postgres the same with pgbench: one connection, prepared inserts into a table of the same shape. The server',
    'begins commits at least some milliseconds apart on purpose, so flat out it is far from the floor with few rooms. Written: bytes to disk (SQLite:',
    'the server\'s write_bytes; Postgres: WAL) to one byte of update.', '',
    '| store | rooms | edits/s | p50 ms | p99 ms | acknowledged/s | updates a commit | bytes an update | written a byte |', '|---|---|---|---|---|---|---|---|---|',
    ...acknowledging.map((one) => `| ${one.store} | ${one.rooms} | ${one.pace} | ${beside(one.p50_ms, one.floor.p50_ms)} | ${beside(one.p99_ms, one.floor.p99_ms)} | ` +
      `${beside(one.updates_per_s, one.floor.updates_per_s)} | ${show(one.updates_per_commit)} | ${show(one.update_bytes)} | ${show(one.written_per_byte)} |`), '',
    '## Loading a document', '',
    'From a client\'s connect to the whole document in its hands, on a server that has just started. Half of the document is in the snapshot, half in the',
    'log. Floor: reading the same bytes from the file, or by psql COPY (and the folder\'s files). Memory: the most that the server took more than at rest.', '',
    '| store | document | log entries | ms | peak memory | to the document |', '|---|---|---|---|---|---|',
    ...loading.map((one) => `| ${one.store} | ${size(one.bytes)} | ${one.entries} | ${beside(one.ms, one.floor.ms)} | ${size(one.peak_bytes)} | ${show(one.peak_bytes / one.state_bytes)} |`), '',
  ].join('\n');
}
