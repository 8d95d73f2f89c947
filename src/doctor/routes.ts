import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { answer } from '#schema/answers.ts'
import { Nullable, Time } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { ActionBody } from '#tasks/why/routes.ts'
import type { CheckNeeds } from './finding.ts'
import { checkNames, examine } from './findings.ts'
import { severities } from './problem.ts'
import { findProblems } from './problems.ts'

export interface DoctorNeeds extends Pick<CheckNeeds, 'dataDir' | 'findMedia'> {
  db: Database
}

const Severity = Type.Enum(severities, { description: 'How bad it is' })

const Problems = Type.Object({
  items: Type.Array(
    Type.Object(
      {
        code: Type.String({ description: 'Which problem, such as `queue_paused`; its meaning never changes' }),
        sentence: Type.String({ description: 'What is wrong and what mends it, for people' }),
        since: Nullable(Time('Since when; null where that is unknown')),
        severity: Severity,
        subject: Type.Object(
          {
            type: Type.String({ description: '`queue`, `kind`, `worker`, …' }),
            id: Type.String({ description: 'Its id or name' })
          },
          { description: 'What it is about' }
        ),
        actions: Type.Array(ActionBody, { description: 'Requests that mend it, the best first' })
      },
      { title: 'CurrentProblem' }
    ),
    { description: 'Worst first; empty when all is well' }
  )
})
type Problems = Static<typeof Problems>

const Findings = Type.Object({
  items: Type.Array(
    Type.Object(
      {
        code: Type.String({ description: 'Which finding' }),
        severity: Severity,
        what: Type.String({ description: 'What is the case' }),
        why: Type.String({ description: 'What follows from it' }),
        evidence: Type.Object({}, { additionalProperties: true, description: 'The numbers behind it' }),
        fix: Type.String({ description: 'The statement, setting or command that mends it' })
      },
      { title: 'Finding' }
    ),
    { description: 'Worst first; empty when all is well' }
  ),
  checked: Type.Array(Type.String(), { description: 'The checks that ran' })
})

export const doctorRoutes: FastifyPluginAsyncTypebox<DoctorNeeds> = async (app, { db, dataDir, findMedia }) => {
  app.get(
    '/api/problems',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listProblems',
        summary: 'What is wrong now, worst first',
        description:
          'For dashboards and alerts: paused queues, missing and lost workers, late schedules, locks, the disk.',
        response: { 200: answer(Problems, 'The problems'), ...readProblems() }
      }
    },
    async () => {
      const problems = await findProblems({ pool: db.pool, dataDir })
      return {
        items: problems.map(problem => ({ ...problem, since: problem.since?.toISOString() ?? null }))
      } as Problems
    }
  )

  app.get(
    '/api/doctor',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'examine',
        summary: 'Findings about the installation',
        description: 'Each with its evidence, and the statement or setting that mends it.',
        response: { 200: answer(Findings, 'The findings'), ...readProblems() }
      }
    },
    async () => ({ items: await examine({ pool: db.pool, dataDir, findMedia }), checked: checkNames })
  )
}
