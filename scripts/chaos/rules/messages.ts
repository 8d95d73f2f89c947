import type { History } from '../history/history.ts'
import type { MessageHistory } from '../history/messages.ts'
import type { Receipt } from '../ledger.ts'
import type { Violation } from './violation.ts'

const endings: Record<string, string> = {
  SUCCESS: 'task.completed',
  FAILURE: 'task.failed',
  REVOKED: 'task.cancelled'
}

/** Each end of a task is told to each webhook, once or more and always under one id; nothing else is told. */
export function checkMessages(history: History): Violation[] {
  const { messages, ledger } = history
  const byId = Map.groupBy(ledger.received, ({ id }) => id)
  const known = new Map(messages.map(message => [message.id, message]))
  return [
    ...checkEnds(history),
    ...messages.flatMap(message => checkReceipts(message, byId.get(message.id) ?? [])),
    ...[...byId.keys()]
      .filter(id => !known.has(id))
      .map(id => ({ rule: 'nothing is told that did not happen', what: `${id} has no message` })),
    ...checkOrder(messages, ledger.received)
  ]
}

function checkEnds({ tasks, messages }: History): Violation[] {
  const told = Map.groupBy(messages, ({ task_id }) => task_id)
  return tasks.flatMap(task => {
    const ends = task.events.flatMap(({ state }) => endings[state] ?? [])
    return ['plain', 'ordered'].flatMap(webhook => {
      const types = (told.get(task.id) ?? []).filter(message => message.webhook === webhook).map(({ type }) => type)
      if (types.join() === ends.join()) return []
      const what = `it ended with ${ends.join(', ')}, and ${webhook} has ${types.join(', ') || 'no message'}`
      return [{ rule: 'each end of a task has its message', what, task }]
    })
  })
}

function checkReceipts(message: MessageHistory, receipts: Receipt[]): Violation[] {
  const { id, webhook, type, task_id, sequence, delivered } = message
  const violations: Violation[] = []
  const say = (rule: string, what: string) => violations.push({ rule, what: `${id} to ${webhook}: ${what}` })
  if (!delivered) say('no message is lost', 'it is not delivered')
  if (!receipts.some(({ taken }) => taken)) {
    say('no message is lost', `the receiver got it ${receipts.length} times, and took it never`)
  }
  if (new Set(receipts.map(({ text }) => text)).size > 1) say('a message is the same each time', 'its text differs')
  for (const receipt of receipts) {
    const { type: toldType, data } = JSON.parse(receipt.text)
    const fits = toldType === type && data.id === task_id && data.sequence === sequence && receipt.webhook === webhook
    if (!fits) say('a message is the same each time', `the receiver got ${receipt.text} at ${receipt.webhook}`)
  }
  return violations
}

/** Of one task, the first time that each message is taken. */
function checkOrder(messages: MessageHistory[], received: Receipt[]): Violation[] {
  const first = new Map<string, number>()
  for (const [place, { id, taken }] of received.entries()) if (taken && !first.has(id)) first.set(id, place)
  const ordered = Map.groupBy(
    messages.filter(({ webhook }) => webhook === 'ordered'),
    ({ task_id }) => task_id
  )
  return [...ordered].flatMap(([task, told]) => {
    const places = told.flatMap(({ id }) => first.get(id) ?? [])
    const isSorted = places.every((place, at) => at === 0 || places[at - 1]! < place)
    return isSorted ? [] : [{ rule: 'an ordered webhook is told in order', what: `task ${task}: ${places.join(', ')}` }]
  })
}
