// Settings of a test program: `--name value` on the command line, else SYMPHONY_TEST_NAME in the environment (for
// `node --test`, which passes no arguments on), else the default. Numbers stay numbers.
export function setting(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  const given = at >= 0 ? process.argv[at + 1] : process.env[`SYMPHONY_TEST_${name.toUpperCase()}`];
  if (given === undefined) return fallback;
  if (typeof fallback !== 'number') return given;
  const number = Number(given);
  if (!Number.isFinite(number)) throw new Error(`--${name} takes a number, not '${given}'`);
  return number;
}

// A seed: given, or of this run; printed by whoever uses it.
export function seedSetting() { return setting('seed', Date.now() % 2 ** 32); }

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
