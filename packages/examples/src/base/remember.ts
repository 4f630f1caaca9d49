// What the browser remembers for a person: for all windows, or for this one alone. Where a browser forbids it (private
// windows, blocked cookies) nothing is remembered and everything else works.
type Where = 'everywhere' | 'in this window';

const prefix = 'symphony.';

function storage(where: Where): Storage {
  return where === 'everywhere' ? localStorage : sessionStorage;
}

export function recall(key: string, where: Where = 'everywhere'): string | null {
  try {
    return storage(where).getItem(prefix + key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string, where: Where = 'everywhere'): void {
  try {
    storage(where).setItem(prefix + key, value);
  } catch {
    /* see above */
  }
}
