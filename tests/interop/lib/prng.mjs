// A small seeded generator (sfc32): the same seed gives the same script on every machine.
export class Prng {
  constructor(seed) {
    // Spread a 53-bit seed over the state; two seeds that differ in one bit share nothing after the warm-up.
    [this.a, this.b, this.c, this.d] = [seed | 0, Math.floor(seed / 2 ** 32) | 0, 0x9e3779b9 | 0, 1];
    for (let i = 0; i < 16; i++) this.u32();
  }

  u32() {
    const t = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t | 0;
    return t >>> 0;
  }

  // 0 <= x < n
  below(n) { return Math.floor(this.u32() / 2 ** 32 * n); }

  // low <= x <= high
  between(low, high) { return low + this.below(high - low + 1); }

  chance(probability) { return this.u32() / 2 ** 32 < probability; }

  pick(list) { return list[this.below(list.length)]; }

  // pickWeighted([[3, 'often'], [1, 'seldom']])
  pickWeighted(table) {
    let at = this.u32() / 2 ** 32 * table.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of table) if ((at -= weight) < 0) return value;
    return table[table.length - 1][1];
  }
}
