/** A random generator that gives the same sequence for the same seed. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number
  between(least: number, most: number): number
  whole(least: number, most: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  shuffled<T>(list: readonly T[]): T[]
  /** An independent sequence, so that one client's draws do not depend on how often another has drawn. */
  fork(): Random
}

/** mulberry32: four lines, and good enough to choose what is killed next. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0

  function next() {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const between = (least: number, most: number) => least + next() * (most - least)
  const whole = (least: number, most: number) => Math.floor(between(least, most + 1))
  return {
    next,
    between,
    whole,
    chance: probability => next() < probability,
    pick: list => list[whole(0, list.length - 1)]!,
    shuffled: list =>
      list
        .map(item => ({ item, place: next() }))
        .sort((one, other) => one.place - other.place)
        .map(({ item }) => item),
    fork: () => randomFrom(next() * 2 ** 32)
  }
}
