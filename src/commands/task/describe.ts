import type { TaskBody } from '#client/bodies.ts'
import { traceIdOf } from '#telemetry/traceparent.ts'
import { facts } from '../screen/facts.ts'
import { lasted, when } from '../screen/times.ts'

/** All that people ask of one task. */
export function describeTask(task: TaskBody): string {
  const { id, status, error, attempts, max_retries: retries } = task
  const isFilm = task.progress !== null && status === 'PROCESSING'
  return facts([
    ['id', id],
    ['kind', task.task],
    ['name', task.name],
    ['description', task.description],
    ['status', status],
    ['error', error && `${error.type}: ${error.message}`],
    ['result', task.result],
    ['args', task.args],
    ['queue', task.queue],
    ['priority', task.priority],
    ['attempts', `${attempts} (${retries} ${retries === 1 ? 'retry' : 'retries'} allowed)`],
    ['progress', isFilm ? `${Math.floor(task.progress! * 100)} %` : undefined],
    ['created', when(task.created_at)],
    ['not before', task.finished_at === null && task.started_at === null ? when(task.eta) : undefined],
    ['expires', task.started_at === null ? when(task.expires_at) : undefined],
    ['started', when(task.started_at)],
    ['finished', when(task.finished_at)],
    ['ran', lasted(task.started_at, task.finished_at)],
    ['worker', task.worker],
    ['tags', task.tags],
    ['schedule', task.schedule_id],
    ['video', task.video_id],
    ['trace', task.traceparent && traceIdOf(task.traceparent)]
  ])
}
