/** The entry of `known` that a person most likely meant by `written`, or undefined when none is near. */
export function suggest(written: string, known: readonly string[]): string | undefined {
  const word = written.toLowerCase();
  let best: string | undefined;
  // Two slips in a short word make another word; longer words bear one slip in three letters.
  let bound = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const cost = distance(word, candidate.toLowerCase());
    if (cost < bound) [best, bound] = [candidate, cost];
  }
  return best ?? known.find((candidate) => word.length >= 3 && candidate.toLowerCase().startsWith(word));
}

/** Edits (insert, delete, replace, swap of neighbours) between two words. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 10) return Infinity;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? Infinity;
}
