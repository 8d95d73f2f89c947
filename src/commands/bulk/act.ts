import { exactCount as count, plural } from '#dashboard/words/number.ts'
import { isConfirmed } from '../confirm.ts'
import { WrongUse } from '../failures.ts'
import { remark } from '../screen/print.ts'
import { table } from '../screen/table.ts'
import { harmless } from '../screen/text.ts'
import { ago } from '../screen/times.ts'
import type { DryRun } from '../service/bodies.ts'
import { scheduleId, videoId, workerId } from '../service/find.ts'
import type { Service } from '../service/service.ts'
import { follow } from './follow.ts'
import type { Where } from './where.ts'

interface Act {
  action: 'retry' | 'cancel' | 'forget' | 'move'
  queue?: string | undefined
  over?: number | undefined
}

interface Asking {
  where?: Where
  yes?: boolean
  json?: boolean
}

/** Shows what an act on all matching tasks would do, asks, and follows it to its end. */
export async function actOnMany(service: Service, act: Act, { where = {}, yes, json }: Asking): Promise<number> {
  if (!yes && !process.stdin.isTTY) {
    throw new WrongUse('Nothing was done: without a terminal that can be asked, --where needs --yes')
  }
  const body = { ...act, filter: await named(service, where) }
  const ask = { body: { ...body, dry_run: true } }
  const { preview, ...found } = await service.request<DryRun>('POST', 'api/bulk-operations', ask)
  if (!json || !yes) remark(previewText(act, found))
  if (found.count === 0) {
    if (json) process.stdout.write(`${JSON.stringify({ ...found, done: 0 }, null, 2)}\n`)
    return 0
  }
  if (!yes && !(await isConfirmed(`${verbs[act.action]} ${tasksOf(found)}${endOf(act)}?`))) {
    throw new Error('Nothing was done')
  }
  const started = await service.request('POST', 'api/bulk-operations', { body: { ...body, preview } })
  return follow(service, started, { json })
}

/** As in "task list", workers, schedules and films may be given by their names. */
async function named(service: Service, where: Where): Promise<Where> {
  const { worker, schedule_id: schedule, video_id: video } = where as Record<string, string>
  return {
    ...where,
    ...(worker && { worker: await workerId(service, worker) }),
    ...(schedule && { schedule_id: await scheduleId(service, schedule) }),
    ...(video && { video_id: await videoId(service, video) })
  }
}

const verbs = { retry: 'Retry', cancel: 'Cancel', forget: 'Forget', move: 'Move' }

function tasksOf({ count: number, exact }: Pick<DryRun, 'count' | 'exact'>) {
  return `${exact ? '' : 'about '}${plural(number, 'task')}`
}

function endOf({ action, queue, over }: Act) {
  if (action === 'move') return ` to the queue ${harmless(queue!)}`
  if (action === 'forget') return ' for good'
  return over === undefined ? '' : ` over ${count(over)} s`
}

function previewText(act: Act, { count: number, exact, by, samples, skipped }: Omit<DryRun, 'preview'>) {
  if (number === 0) return `No task that matches can be ${pastOf[act.action]}`
  const passed = skipped.reduce((all, each) => all + each.count, 0)
  return [
    `${verbs[act.action]} ${tasksOf({ count: number, exact })}${endOf(act)}:`,
    table(
      [
        { head: 'STATUS', cell: ({ status }) => status, isStatus: true },
        { head: 'KIND', cell: ({ task }) => task, isLong: true },
        { head: 'QUEUE', cell: ({ queue }) => queue, isLong: true },
        { head: 'TASKS', cell: each => `${each.exact ? '' : '≈ '}${count(each.count)}`, isNumber: true }
      ],
      by,
      process.stderr.columns || 80
    ),
    'The newest of them:',
    ...samples.map(({ id, task, error, name, created_at }) =>
      harmless(`  ${id}  ${task}, ${ago(created_at)}${said(error?.message ?? name)}`)
    ),
    ...(passed > 0 ? [`${plural(passed, 'task')} that match${passed === 1 ? 'es' : ''} stay as they are`] : [])
  ].join('\n')
}

const pastOf = { retry: 'retried', cancel: 'cancelled', forget: 'forgotten', move: 'moved' }

function said(text: string | null | undefined) {
  return text ? `: ${text.length > 60 ? `${text.slice(0, 59)}…` : text}` : ''
}
