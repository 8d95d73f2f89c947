import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import { TaskNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { findTask } from '#tasks/read/find.ts'

interface Needs {
  db: Database
}

const words: Record<State, string> = {
  PENDING: 'Pending',
  STARTED: 'Started',
  RETRY: 'Retry',
  SUCCESS: 'Success',
  FAILURE: 'Failure',
  REVOKED: 'Revoked'
}

const TaskStatus = Type.Object({
  status: Type.Enum(Object.values(words)),
  result: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.String())
})

/** What front ends of the service that this one replaces ask. */
export const taskDialect: FastifyPluginAsyncTypebox<Needs> = async (app, { db }) => {
  const schema = {
    summary: 'What a task is at',
    description: '`result` comes with `Success`, `error` with `Failure`, or beside a result that has expired.',
    params: Id,
    response: { 200: answer(TaskStatus, 'Its state'), ...readProblems(TaskNotFound) }
  }
  app.get('/task-status/:id', { schema }, async ({ params: { id } }) => {
    const task = await findTask(db, id)
    if (!task) throw new TaskNotFound(id)
    const status = words[task.state]
    // A result of null and one that is gone look the same otherwise.
    if (task.error?.type === 'expired' && task.state === 'SUCCESS') {
      return { status, result: null, error: task.error.message }
    }
    if (task.state === 'SUCCESS') return { status, result: task.result }
    if (task.state === 'FAILURE') return { status, error: task.error?.message ?? '' }
    return { status }
  })
}
