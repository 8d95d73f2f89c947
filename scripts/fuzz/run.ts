import { randomFrom } from '../chaos/random.ts'
import { type Operation, operationsOf, requestMaker, type Sent } from './requests.ts'
import { type Answer, send } from './send.ts'

export interface FuzzOptions {
  address: string
  seed: number
  milliseconds: number
  /** Operations that are left out, by name. */
  without?: string[]
}

export interface Violation {
  what: string
  request: string
}

export interface Fuzzed {
  requests: number
  /** Answers by status. */
  statuses: Record<string, number>
  /** Operations that never answered with success; not a fault, but little was tested of them. */
  neverDone: string[]
  violations: Violation[]
}

const side = 8
const mostViolations = 20

/** Sends requests that mostly fit the service's own document, until the time is over. */
export async function fuzz({ address, seed, milliseconds, without = [] }: FuzzOptions): Promise<Fuzzed> {
  const document = await (await fetch(`${address}/openapi.json`)).json()
  const random = randomFrom(seed)
  const ids: string[] = []
  const make = requestMaker(document, random, ids)
  const operations = operationsOf(document).filter(({ name }) => !without.includes(name))
  const done = new Set<string>()
  const fuzzed: Fuzzed = { requests: 0, statuses: {}, neverDone: [], violations: [] }
  const end = performance.now() + milliseconds
  let round: Operation[] = []

  async function go() {
    while (performance.now() < end && fuzzed.violations.length < mostViolations) {
      if (round.length === 0) round = random.shuffled(operations)
      const request = make(round.pop()!)
      const answer = await send(address, request)
      fuzzed.requests++
      const status = typeof answer === 'string' ? answer : String(answer.status)
      fuzzed.statuses[status] = (fuzzed.statuses[status] ?? 0) + 1
      const what = problemWith(request, answer)
      if (what) fuzzed.violations.push({ what, request: show(request) })
      if (typeof answer === 'string') continue
      if (answer.status < 400) done.add(request.operation.name)
      learn(ids, answer)
    }
  }

  await Promise.all(Array.from({ length: side }, go))
  fuzzed.neverDone = operations.map(({ name }) => name).filter(name => !done.has(name))
  return fuzzed
}

/** What of an answer breaks a promise of the service; undefined where nothing does. */
function problemWith({ operation }: Sent, answer: Answer | 'hung up' | 'hangs'): string | undefined {
  if (answer === 'hung up') return 'the service hung up without an answer'
  if (answer === 'hangs') return 'the service does not answer'
  const { status, headers, body } = answer
  const type = headers['content-type'] ?? ''
  if (status === 500 || status === 502 || status === 504) return `${status}: ${body.slice(0, 500)}`
  if (status < 400) return undefined
  if (operation.method === 'HEAD') return undefined
  // A health check that says no is no problem either.
  const declared = operation.responses[status]?.content ?? {}
  if (Object.keys(declared).some(each => type.startsWith(each) && each !== 'application/problem+json')) return undefined
  if (!type.startsWith('application/problem+json'))
    return `${status} is no problem+json but "${type}": ${body.slice(0, 200)}`
  const problem = JSON.parse(body) as { code?: string; status?: number }
  if (typeof problem.code !== 'string' || problem.status !== status)
    return `${status} without its code: ${body.slice(0, 200)}`
  // A path that a hostile id has changed may be that of no route.
  if (!(status in operation.responses) && problem.code !== 'ROUTE_NOT_FOUND' && problem.code !== 'METHOD_NOT_ALLOWED') {
    return `${status} ${problem.code} is not in the document`
  }
  return undefined
}

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** Remembers ids that answers name, so that later requests are about something. */
function learn(ids: string[], { status, body }: Answer) {
  if (status >= 400) return
  for (const [id] of body.slice(0, 5_000).matchAll(uuid)) {
    if (!ids.includes(id)) ids.push(id)
  }
  while (ids.length > 60) ids.shift()
}

function show({ method, path, headers, body }: Sent) {
  const text = body === undefined ? '' : ` ${JSON.stringify(body.toString('latin1').slice(0, 2_000))}`
  return `${method} ${path.slice(0, 2_000)} ${JSON.stringify(headers)}${text}`
}
