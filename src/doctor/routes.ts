import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { answer } from '#schema/answers.ts'
import { readProblems } from '#schema/problems.ts'
import type { CheckNeeds } from './finding.ts'
import { checkNames, examine } from './findings.ts'
import { problemRoutes } from './problem-routes.ts'
import { SeverityBody } from './schemas.ts'

export interface DoctorNeeds extends Pick<CheckNeeds, 'dataDir' | 'findMedia' | 'door'> {
  db: Database
}

const Findings = Type.Object({
  items: Type.Array(
    Type.Object(
      {
        code: Type.String({ description: 'Which finding' }),
        severity: SeverityBody,
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

export const doctorRoutes: FastifyPluginAsyncTypebox<DoctorNeeds> = async (app, { db, ...needs }) => {
  await app.register(problemRoutes, { db, dataDir: needs.dataDir })

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
    async () => ({ items: await examine({ pool: db.pool, ...needs }), checked: checkNames })
  )
}
