/** Numbers that look random and are the same for one seed, so that what a test found is found again. */
export class Random {
  public constructor(private state: number) {}

  /** At least 0, below 1 (mulberry32). */
  public next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, at least 0 and below `bound`. */
  public below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  public chance(probability: number): boolean {
    return this.next() < probability;
  }

  public pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error("there is nothing to pick from");
    return from[this.below(from.length)] as T;
  }

  public shuffled<T>(from: readonly T[]): T[] {
    return from
      .map((one) => [this.next(), one] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, one]) => one);
  }
}

/** The seed of this run: the day's own number would find more, but a red run on one day and a green one on the next helps nobody. */
export const seed = Number(process.env.TENANTSTACK_SEED ?? 20_261_101);

/** A source of its own for each test, so that one more test does not change what the others make. */
export function randomFor(test: string): Random {
  let hash = seed | 0;
  for (const letter of test) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0;
  return new Random(hash);
}

/** Runs with the seed in whatever it throws. */
export function withSeed<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error) error.message = `TENANTSTACK_SEED=${seed}: ${error.message}`;
    throw error;
  }
}
