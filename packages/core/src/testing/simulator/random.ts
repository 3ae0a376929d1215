/** Repeatable randomness: the same path of numbers gives the same stream, independent of every other one. */
export interface Random {
  /** In [0, 1). */
  next(): number
  chance(probability: number): boolean
  between(low: number, high: number): number
  /** A whole number, both ends included. */
  int(low: number, high: number): number
  pick<T>(choices: readonly [T, ...T[]]): T
}

export function createRandom(...path: readonly number[]): Random {
  let state = path.reduce(mix, 0x9e3779b9)

  // mulberry32: small, fast, and good enough to choose faults with.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    between: (low, high) => low + next() * (high - low),
    pick: (choices) => choices[int(0, choices.length - 1)] ?? choices[0],
  }
}

function mix(state: number, label: number): number {
  let h = (state ^ label) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
