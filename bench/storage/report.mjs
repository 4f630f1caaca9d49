// The results as a page: what was measured, on what, and how far each figure is from its floor.
const show = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(value >= 1 ? 3 : 2));
const size = (bytes) => (bytes >= 1e6 ? `${show(bytes / 1e6)} MB` : `${show(bytes / 1e3)} kB`);
const beside = (value, floor) => `${show(value)} / ${show(floor)} (${show(value / floor)})`;

const before = (value, now) => `${show(value)} (${show(now / value)})`;

// A row of the current server, and behind it one of the baseline, if it was measured.
const rows = (all, current, former) => all.flatMap((one) => [current(one), ...(one.baseline ? [former(one.baseline, one)] : [])]);

export function markdown({ environment, settings, acknowledging, closing, loading }) {
  const { date, commit, build, cpu, memory_gib, kernel, node, postgres, baseline, load_average } = environment;
  return [
    `# Storage benchmark, ${date.slice(0, 10)}`, '',
    `Commit ${commit}, ${build ?? 'unknown'} build; ${cpu}, ${memory_gib} GiB, ${kernel}; Node ${node}${postgres ? `; ${postgres}` : ''}. ` +
      `Medians of ${settings.repeat} runs of ${settings.seconds} s; load average ${load_average.map((one) => one.toFixed(1)).join(' to ')} on ${cpu.split(' ')[0]} cores` +
      `${settings.nice < 0 ? `; others used the machine, everything here ran at nice ${settings.nice}` : ''}.`, '',
    'Real sockets. Each cell is **figure / floor (ratio)**, the floor from the same run.' +
      (baseline ? ' Rows *before* are an older server in the same run: **its figure (the current one to it)**.' : ''), '',
    ...(acknowledging.length === 0 ? [] : [
      '## Until an edit is durable, and how many are', '',
      'One server with one event loop, one person a room typing letter by letter at random moments. Times, and processor time of the whole server in',
      'milliseconds a second, at the given pace over all rooms; updates a second with 16 in flight a room. Floor on SQLite\'s side: write and fdatasync of',
      'the same bytes to a file of the same disk, one update each at the same pace (at most 100 a second); for the rate without pause, with as many updates',
      'in one write as the server put in one commit. On Postgres the same with pgbench: one connection, prepared inserts into a table of the same shape.',
      'The server begins commits at least some milliseconds apart on purpose, so flat out it is far from the floor with few rooms. Written: bytes to disk',
      '(SQLite: the server\'s write_bytes, which Linux counts in pages of 4 KiB; Postgres: WAL) to one byte of update.', '',
      '| store | rooms | edits/s | p50 ms | p99 ms | CPU ms/s | acknowledged/s | updates a commit | bytes an update | written a byte |', '|---|---|---|---|---|---|---|---|---|---|',
      ...rows(acknowledging,
        (one) => `| ${one.store} | ${one.rooms} | ${one.pace} | ${beside(one.p50_ms, one.floor.p50_ms)} | ${beside(one.p99_ms, one.floor.p99_ms)} | ${show(one.cpu_part * 1000)} | ` +
          `${beside(one.updates_per_s, one.floor.updates_per_s)} | ${show(one.updates_per_commit)} | ${show(one.update_bytes)} | ${show(one.written_per_byte)} |`,
        (was, one) => `| *before* | | | ${before(was.p50_ms, one.p50_ms)} | ${before(was.p99_ms, one.p99_ms)} | ${before(was.cpu_part * 1000, one.cpu_part * 1000)} | ` +
          `${before(was.updates_per_s, one.updates_per_s)} | ${show(was.updates_per_commit)} | ${show(was.update_bytes)} | ${before(was.written_per_byte, one.written_per_byte)} |`), '']),
    ...(closing.length === 0 ? [] : [
      '## Many rooms that close at once', '',
      'From the end of their grace until all have been compacted and are gone. Floor: writing as many bytes as their snapshots have to a file of the same',
      'disk, with an fdatasync for each MiB.', '',
      '| store | rooms | items of 40 letters a room | ms |', '|---|---|---|---|',
      ...rows(closing,
        (one) => `| ${one.store} | ${one.rooms} | ${one.items} | ${beside(one.ms, one.floor.ms)} |`,
        (was, one) => `| *before* | | | ${before(was.ms, one.ms)} |`), '']),
    ...(loading.length === 0 ? [] : [
      '## Loading a document', '',
      'From a client\'s connect to the whole document in its hands, on a server that has just started. Half of the document is in the snapshot, half in the',
      'log. Floor: reading the same bytes from the file, or by psql COPY (and the folder\'s files). Memory: the most that the server took more than at rest.', '',
      '| store | document | log entries | ms | peak memory | to the document |', '|---|---|---|---|---|---|',
      ...rows(loading,
        (one) => `| ${one.store} | ${size(one.bytes)} | ${one.entries} | ${beside(one.ms, one.floor.ms)} | ${size(one.peak_bytes)} | ${show(one.peak_bytes / one.state_bytes)} |`,
        (was, one) => `| *before* | | | ${before(was.ms, one.ms)} | ${size(was.peak_bytes)} | ${before(was.peak_bytes / was.state_bytes, one.peak_bytes / one.state_bytes)} |`), '']),
  ].join('\n');
}
