import { hostname } from 'node:os'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { answer } from '#schema/answers.ts'
import { Nullable, Time } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { version } from '../version.ts'

export const AboutBody = Type.Object(
  {
    environment: Nullable(Type.String({ description: 'The setting `ENVIRONMENT`' })),
    host: Type.String({ description: 'Name of the machine of this API' }),
    version: Type.String({ description: 'Version of this API' }),
    node: Type.String({ description: 'Version of its Node.js' }),
    started_at: Time('When this API started'),
    postgres: Type.String({ description: 'Version of the database server' }),
    database_bytes: Type.Integer({ description: 'Size of the database, without films' })
  },
  { title: 'About' }
)
export type AboutBody = Static<typeof AboutBody>

export const aboutSql = `
  select current_setting('server_version') as postgres, pg_database_size(current_database())::float8 as database_bytes`

// Milliseconds. The size is that of every file of the database, which takes a while where there are many.
const fresh = 30_000

/** Which installation answers. */
export const aboutRoutes: FastifyPluginAsyncTypebox<{ db: Database; environment: string | undefined }> = async (
  app,
  { db, environment }
) => {
  const started_at = new Date(Date.now() - process.uptime() * 1000).toISOString()
  let read: Promise<Pick<AboutBody, 'postgres' | 'database_bytes'>> | undefined
  let readAt = 0
  function readDatabase() {
    if (read && performance.now() - readAt < fresh) return read
    readAt = performance.now()
    read = db.pool.query(aboutSql).then(({ rows }) => rows[0])
    read.catch(() => {
      read = undefined
    })
    return read
  }

  app.get(
    '/api/about',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getAbout',
        summary: 'Which installation this is',
        description: 'Its name, versions, and the size of its database, at most 30 s old.',
        response: { 200: answer(AboutBody, 'The installation'), ...readProblems() }
      }
    },
    async () => ({
      environment: environment ?? null,
      host: hostname(),
      version,
      node: process.versions.node,
      started_at,
      ...(await readDatabase())
    })
  )
}
