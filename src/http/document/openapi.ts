import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { answer } from '#schema/answers.ts'
import { keyed, problems } from '#schema/problems.ts'
import { version } from '../../version.ts'
import { nameParts } from './openapi-parts.ts'

const tags: [start: string, name: string][] = [
  ['/api/tasks', 'Tasks'],
  ['/api/kinds', 'Tasks'],
  ['/api/bulk-operations', 'Tasks'],
  ['/ws/tasks', 'Tasks'],
  ['/api/errors', 'Tasks'],
  ['/api/videos', 'Videos'],
  ['/api/uploads', 'Videos'],
  ['/api/signing-keys', 'Videos'],
  ['/play', 'Videos'],
  ['/api/queues', 'Queues'],
  ['/api/workers', 'Workers'],
  ['/api/keys', 'Access'],
  ['/api/session', 'Access'],
  ['/api/tickets', 'Access'],
  ['/api/stats', 'Operations'],
  ['/upload', 'Dialects'],
  ['/status', 'Dialects'],
  ['/process-video', 'Dialects'],
  ['/task-status', 'Dialects'],
  ['/api/upload', 'Dialects'],
  ['/api/status', 'Dialects'],
  ['/api/process-video', 'Dialects'],
  ['/api/task-status', 'Dialects'],
  ['', 'Operations']
]

/** Registered before the routes, since it collects their schemas as they are added. */
export async function collectRoutes(app: FastifyInstance) {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Darkroom',
        version,
        description:
          'Video processing and background tasks. Times are ISO 8601 with offset, durations seconds. A trailing slash never matters. Errors are problems (RFC 9457) with a `code` whose meaning never changes.',
        license: { name: 'MIT', identifier: 'MIT' }
      },
      components: {
        securitySchemes: {
          key: {
            type: 'http',
            scheme: 'bearer',
            description: 'A key, `dr_k_…`; `x-scope` says which scope an operation needs'
          }
        }
      },
      servers: [{ url: '/', description: 'The server of this document' }],
      tags: [
        { name: 'Tasks', description: 'Background work, at once or later' },
        { name: 'Videos', description: 'Films and the prints that are made of them' },
        { name: 'Queues', description: 'Where tasks wait for a worker' },
        { name: 'Workers', description: 'The processes that run tasks' },
        { name: 'Access', description: 'Keys of the API, and sessions of the dashboard' },
        { name: 'Operations', description: 'Health, documentation and the client' },
        { name: 'Dialects', description: 'For front ends that were written for Django with Celery' }
      ]
    },
    // OpenAPI 3.1 has `const`.
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => {
      const { params, ...rest } = schema ?? {}
      const { scope } = route.config ?? {}
      return {
        // The router's wildcard `*` is no valid parameter name in OpenAPI.
        url: url.replace('*', ':name'),
        schema: {
          tags: [tagOf(url)],
          ...rest,
          security: scope === 'public' ? [] : [{ key: [] }],
          'x-scope': scope,
          ...(params ? { params: renamed(params) } : {})
        }
      }
    },
    transformObject: document => nameParts((document as { openapiObject: object }).openapiObject)
  })
}

export async function openapiRoute(app: FastifyInstance) {
  const Document = Type.Object({
    openapi: Type.String({ description: 'Version of OpenAPI' }),
    info: Type.Object({}, { description: 'Title and version' }),
    paths: Type.Object({}, { description: 'Every route' })
  })
  app.get(
    '/openapi.json',
    {
      logLevel: 'warn',
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getOpenapi',
        summary: 'This document',
        response: { 200: answer(Document, 'An OpenAPI 3.1 document of every route'), ...problems(...keyed) }
      }
    },
    async (_, reply) => reply.type('application/json; charset=utf-8').send(document())
  )

  let written: string | undefined
  function document() {
    written ??= JSON.stringify(app.swagger())
    return written
  }
}

function tagOf(url: string) {
  return tags.find(([start]) => start === '' || url === start || url.startsWith(`${start}/`))![1]
}

function renamed(params: unknown) {
  const { properties } = params as { properties: Record<string, unknown> }
  const names = Object.entries(properties).map(([name, schema]) => [name === '*' ? 'name' : name, schema])
  return { type: 'object', properties: Object.fromEntries(names) }
}
