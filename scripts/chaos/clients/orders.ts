import type { Order } from '../ledger.ts'
import type { Random } from '../random.ts'

/** The final states that each kind may reach by itself; any task may also be cancelled, expire or be poisoned. */
export const endings: Record<string, readonly string[]> = {
  process_data: ['SUCCESS'],
  brief: ['SUCCESS'],
  moody: ['SUCCESS'],
  steady: ['SUCCESS'],
  family: ['SUCCESS'],
  flaky: ['SUCCESS'],
  postponer: ['SUCCESS'],
  crasher: ['SUCCESS'],
  doomed: ['FAILURE'],
  quitter: ['FAILURE'],
  inline: ['SUCCESS'],
  // On a busy machine the limit may also end the attempt that is meant to succeed.
  busy: ['SUCCESS', 'FAILURE'],
  hurried: ['SUCCESS', 'FAILURE'],
  silent: ['SUCCESS', 'FAILURE']
}

/** Share of each kind, in about a hundred, and its arguments. */
const kinds: [number, string, (random: Random) => Record<string, unknown>][] = [
  [45, 'brief', () => ({})],
  [12, 'moody', random => ({ mood: random.chance(0.9) ? 'calm' : random.pick(['ends', 'blocks']) })],
  [14, 'steady', random => ({ seconds: round(random.between(0.1, 1.2)) })],
  [8, 'flaky', random => ({ failures: random.whole(1, 2) })],
  [4, 'doomed', () => ({})],
  [3, 'quitter', () => ({})],
  [4, 'postponer', random => ({ times: random.whole(1, 2) })],
  [5, 'crasher', random => ({ crashes: random.pick([1, 1, 2, 1_000]), how: random.pick(['exit', 'kill']) })],
  [2, 'busy', () => ({})],
  [3, 'hurried', random => ({ tidy: random.chance(0.5) })],
  [2, 'silent', () => ({})],
  [6, 'inline', random => ({ seconds: round(random.between(0, 0.5)) })],
  [4, 'family', random => ({ seconds: round(random.between(0, 0.8)) })]
]
const deck = kinds.flatMap(([count, ...kind]) => Array.from({ length: count }, () => kind))

const queues = ['default', 'high_priority', 'low_priority', 'chaos']

/** The next request, to one of the three routes that create tasks. */
export function nextOrder(number: number, random: Random): Order {
  const blank = { number, ids: [], answer: 'open' as const }
  const key = random.chance(0.6) ? `order-${number}` : undefined

  if (random.chance(0.06)) {
    const names = [`${number}`]
    return { ...blank, key, path: '/api/tasks/process', body: { data: names[0] }, names }
  }
  if (random.chance(0.04)) {
    const names = Array.from({ length: random.whole(2, 12) }, (_, place) => `${number}.${place}`)
    return {
      ...blank,
      key,
      path: '/api/tasks/bulk',
      body: { tasks: names.map(name => submission(name, random)) },
      names
    }
  }
  const names = [`${number}`]
  return { ...blank, key, path: '/api/tasks', body: submission(names[0]!, random), names }
}

function submission(name: string, random: Random) {
  const [task, argsOf] = random.pick(deck)
  return {
    task,
    args: { order: name, ...argsOf(random) },
    priority: random.whole(0, 9),
    ...(random.chance(0.3) && { queue: random.pick(queues) }),
    ...(random.chance(0.15) && { countdown: round(random.between(0, 4)) }),
    ...(random.chance(0.08) && { expires: round(random.between(0.2, 5)) })
  }
}

function round(number: number) {
  return Math.round(number * 1000) / 1000
}
