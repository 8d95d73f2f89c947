import type { History, TaskHistory } from '../history/history.ts'
import { livesOf } from './lives.ts'
import { checkMessages } from './messages.ts'
import { checkOrders } from './orders.ts'
import { checkSchedules } from './schedules.ts'
import { rules } from './tasks.ts'
import type { Violation } from './violation.ts'

/** All violations in a history. It reads the history alone, so that tests can forge one. */
export function check(history: History): Violation[] {
  return [
    ...history.tasks.flatMap(task => checkTask(task, history)),
    ...checkOrders(history),
    ...checkSchedules(history),
    ...checkMessages(history),
    ...checkWorkers(history),
    ...history.tripped.map(({ task_id, what }) => ({
      rule: 'at each commit task, job and attempt agree',
      what,
      task: history.tasks.find(({ id }) => id === task_id)
    })),
    ...history.leftRows.map(what => ({ rule: 'no row or session is left behind', what })),
    ...history.leftProcesses.map(({ pid, command }) => ({ rule: 'no process is left', what: `${pid} ${command}` })),
    ...history.ledger.surprises.map(what => ({ rule: 'a process ends when it is told to, and only then', what }))
  ]
}

function checkTask(task: TaskHistory, history: History): Violation[] {
  const { lives } = livesOf(task)
  return Object.entries(rules).flatMap(([rule, wrong]) =>
    wrong(task, history, lives).map(what => ({ rule, what, task }))
  )
}

/** A worker that is slow, or cannot reach the database for a while, is not lost. */
function checkWorkers({ ledger, workers }: History): Violation[] {
  const hurt = new Set(ledger.blows.filter(({ deadly }) => deadly).map(({ pid }) => pid)).union(ledger.gone)
  return [...workers].flatMap(([id, { pid, status }]) =>
    status === 'lost' && !hurt.has(pid)
      ? [
          {
            rule: 'only a worker that was killed or frozen is marked lost',
            what: `worker ${id} (pid ${pid}) was marked lost`
          }
        ]
      : []
  )
}
