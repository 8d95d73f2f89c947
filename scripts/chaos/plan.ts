import { type BlowName, blows } from './blows.ts'
import type { Random } from './random.ts'

export interface Step {
  /** Milliseconds after the beginning. */
  at: number
  blow: BlowName
  random: Random
}

/** Blows that are more frequent than the rest, as in production. */
const often: BlowName[] = ['kill a worker', 'kill a worker', 'freeze a worker', 'stop a worker', 'kill a child']

/**
 * Deals blows from a shuffled deck, so that each kind comes up about equally often and none is missing. They come in
 * bursts and with pauses, because blows that coincide find the most bugs.
 */
export function planFor(random: Random, seconds: number, apart = 2.2): Step[] {
  const steps: Step[] = []
  let deck: BlowName[] = []
  for (let at = 1_500; at < seconds * 1000; at += random.chance(0.2) ? random.between(0, 150) : pause()) {
    if (deck.length === 0) deck = random.shuffled([...(Object.keys(blows) as BlowName[]), ...often])
    steps.push({ at, blow: deck.pop()!, random: random.fork() })
  }
  return steps

  function pause() {
    return random.between(0.3, 2) * apart * 1000
  }
}

/** The named blows in this order, at equal distances. */
export function inTurn(random: Random, seconds: number, names: BlowName[]): Step[] {
  return names.map((blow, place) => ({
    at: ((place + 1) / (names.length + 1)) * seconds * 1000,
    blow,
    random: random.fork()
  }))
}
