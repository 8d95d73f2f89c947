import type { History, TaskHistory } from './history.ts'
import { livesOf } from './lives.ts'
import { rules } from './rules.ts'

export interface Violation {
  /** What does not hold. */
  rule: string
  what: string
  task?: TaskHistory | undefined
}

/** Everything in a history that must not be. It knows nothing of how the history came about. */
export function check(history: History): Violation[] {
  return [
    ...history.tasks.flatMap(task => checkTask(task, history)),
    ...checkOrders(history),
    ...checkWorkers(history),
    ...history.tripped.map(({ task_id, what }) => ({
      rule: 'at each commit a task agrees with its job and its attempt',
      what,
      task: history.tasks.find(({ id }) => id === task_id)
    })),
    ...history.leftRows.map(what => ({ rule: 'no row is left that stands in the way', what })),
    ...history.leftProcesses.map(({ pid, command }) => ({ rule: 'no process is left', what: `${pid} ${command}` })),
    ...history.ledger.surprises.map(what => ({ rule: 'no process ends unless it is told to, and then it does', what }))
  ]
}

function checkTask(task: TaskHistory, history: History): Violation[] {
  const { lives } = livesOf(task)
  return Object.entries(rules).flatMap(([rule, wrong]) =>
    wrong(task, history, lives).map(what => ({ rule, what, task }))
  )
}

/** What was promised is there, and nothing that nobody has asked for. */
function checkOrders({ ledger, tasks }: History): Violation[] {
  const byName = Map.groupBy(tasks, ({ order }) => order)
  const known = new Set(ledger.orders.flatMap(({ names }) => names))
  const violations: Violation[] = []

  for (const { names, ids, key, answer, complaint, path } of ledger.orders) {
    if (complaint) violations.push({ rule: 'what is asked for properly is not refused', what: `${path}: ${complaint}` })
    else if (key !== undefined && answer !== 'accepted') {
      violations.push({
        rule: 'whoever asks often enough under a key is answered',
        what: `order ${names[0]}: ${answer}`
      })
    }
    const there = names.map(name => byName.get(name) ?? [])
    for (const [place, found] of there.entries()) {
      if (found.length > 1) {
        const what = `there are ${found.length} of order ${names[place]}: ${found.map(({ id }) => id).join(', ')}`
        violations.push({ rule: 'nothing is done twice', what, task: found[1] })
      }
      const promised = answer === 'accepted' && !found.some(({ id }) => id === ids[place])
      if (promised) {
        violations.push({ rule: 'nothing that was accepted is lost', what: `order ${names[place]} was ${ids[place]}` })
      }
      if (answer === 'refused' && found.length > 0) {
        violations.push({ rule: 'what was refused is not done', what: `order ${names[place]}`, task: found[0] })
      }
    }
    const some = there.filter(found => found.length > 0).length
    if (some > 0 && some < names.length) {
      violations.push({ rule: 'of a bulk there are all or none', what: `${some} of order ${names[0]}…` })
    }
  }
  for (const task of tasks) {
    if (!known.has(task.order ?? ''))
      violations.push({ rule: 'nothing is done that nobody asked for', what: task.id, task })
  }
  return violations
}

/** Slow is not dead, and neither is who could not reach the database. */
function checkWorkers({ ledger, workers }: History): Violation[] {
  const hurt = new Set(ledger.blows.filter(({ deadly }) => deadly).map(({ pid }) => pid)).union(ledger.gone)
  return [...workers].flatMap(([id, { pid, status }]) =>
    status === 'lost' && !hurt.has(pid)
      ? [
          {
            rule: 'nobody is held to be dead who is not',
            what: `worker ${id} (pid ${pid}) was, and nothing had been done to it`
          }
        ]
      : []
  )
}
