import { WrongUse } from '../failures.ts'
import { show } from '../screen/print.ts'
import { ago } from '../screen/times.ts'
import type { Silence } from '../service/bodies.ts'
import { readAll } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

interface Silenced {
  json?: boolean
  subject?: string
  until?: string
  reason?: string
}

// Milliseconds.
const usual = 3_600_000

export async function silenceProblem(service: Service, code: string, { json, subject, until, reason }: Silenced) {
  const body = {
    code,
    subject: subjectIn(subject),
    until: until ?? new Date(Date.now() + usual).toISOString(),
    ...(reason !== undefined && { reason })
  }
  const silence = await service.request<Silence>('POST', 'api/problems/silences', { body })
  show(silence, {
    json,
    text: () => `Webhooks are told nothing of ${nameOf(silence)}; that ends ${ago(silence.until)}`
  })
}

export async function unsilenceProblem(service: Service, code: string, { json, subject }: Silenced) {
  const wanted = subjectIn(subject)
  const { items } = await readAll<Silence>(service, 'api/problems/silences')
  const ended = items
    .filter(silence => silence.code === code)
    .filter(silence => wanted === null || (silence.subject?.type === wanted.type && silence.subject.id === wanted.id))
  if (ended.length === 0) throw new Error(`No silence of ${nameOf({ code, subject: wanted })} stands`)
  for (const { id } of ended) await service.request('DELETE', `api/problems/silences/${id}`)
  show(
    { items: ended },
    { json, text: () => ended.map(each => `Webhooks are told of ${nameOf(each)} again`).join('\n') }
  )
}

function subjectIn(text: string | undefined): Silence['subject'] {
  if (text === undefined) return null
  const [, type, id] = /^([a-z]+):(.+)$/s.exec(text) ?? []
  if (type === undefined || id === undefined) {
    throw new WrongUse(`--subject is a type and an id, such as queue:media, not "${text}"`)
  }
  return { type, id }
}

function nameOf({ code, subject }: Pick<Silence, 'code' | 'subject'>) {
  return subject ? `${code} of ${subject.type}:${subject.id}` : code
}
