import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { maySee } from '#access/principal.ts'
import type { Database } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import { TaskNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { findTask } from '#tasks/read/find.ts'
import { ownerOf } from '#tasks/read/present.ts'
import type { TaskBody } from '#tasks/schemas.ts'

interface DialectNeeds {
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
  status: Type.Enum(Object.values(words), { description: '`Success`, `Failure` and `Revoked` are final' }),
  result: Type.Optional(Type.Unknown({ description: 'With `Success`: what the task returned; null once expired' })),
  error: Type.Optional(Type.String({ description: 'With `Failure`: why; with `Success`: that the result has expired' }))
})

/** Task routes for front ends of the services that this one replaces; some send requests below `/api`. */
export const taskDialect: FastifyPluginAsyncTypebox<DialectNeeds> = async (app, { db }) => {
  for (const [url, operationId] of [
    ['/task-status/:id', 'dialectTaskStatus'],
    ['/api/task-status/:id', 'dialectApiTaskStatus']
  ] as const) {
    const schema = {
      operationId,
      summary: 'Task status',
      description: '`result` comes with `Success`; `error` with `Failure` or a result that has expired.',
      params: Id,
      response: { 200: answer(TaskStatus, 'Status of the task'), ...readProblems(TaskNotFound) }
    }
    app.get(url, { config: { scope: 'read', own: true }, schema }, async ({ params: { id }, principal }) => {
      const task = await findTask(db, id)
      if (!task || !maySee(principal, ownerOf(task))) throw new TaskNotFound(id)
      return answerOf(task)
    })
  }
}

function answerOf({ state, result, error }: TaskBody): Static<typeof TaskStatus> {
  const status = words[state]
  // A result that is null and one that has expired would look the same without `error`.
  if (state === 'SUCCESS') return { status, result, ...(error && { error: error.message }) }
  if (state === 'FAILURE') return { status, error: error?.message ?? '' }
  return { status }
}
