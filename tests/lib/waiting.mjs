// Those who wait until something is so, of a client to which things happen.
export class Waiting {
  checks = new Set();

  // To be called whenever something happened.
  tell() {
    for (const check of [...this.checks]) check();
  }

  // Resolves when `condition()` holds, which is looked at now and at every tell(). `state()` says more to whoever waited too long.
  until(condition, what, within_ms, state = () => '') {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const check = () => { if (condition()) settle(); };
      const settle = (error) => {
        clearTimeout(timer);
        this.checks.delete(check);
        if (error) reject(error); else resolve();
      };
      const timer = setTimeout(() => settle(new Error(`${what}: not within ${within_ms} ms${state()}`)), within_ms);
      this.checks.add(check);
    });
  }
}
