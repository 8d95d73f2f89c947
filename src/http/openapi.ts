import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { answer } from '#schema/answers.ts'
import { problems } from '#schema/problems.ts'
import { version } from '../version.ts'
import { nameParts } from './openapi-parts.ts'

const tags: [start: string, name: string][] = [
  ['/api/tasks', 'Tasks'],
  ['/ws/tasks', 'Tasks'],
  ['/api/videos', 'Videos'],
  ['/api/queues', 'Queues'],
  ['/api/workers', 'Workers'],
  ['/upload', 'Dialects'],
  ['/status', 'Dialects'],
  ['/process-video', 'Dialects'],
  ['/task-status', 'Dialects'],
  ['', 'Operations']
]

/** Registered before the routes: it hears of each, and its schema is what is written about it. */
export async function collectRoutes(app: FastifyInstance) {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Darkroom',
        version,
        description:
          'Video processing and background tasks. Times are ISO 8601, durations seconds; a trailing slash never matters. Every refusal is a problem (RFC 9457) with a `code` that never changes its meaning.',
        license: { name: 'MIT', identifier: 'MIT' }
      },
      servers: [{ url: '/', description: 'the one that you are reading this from' }],
      tags: [
        { name: 'Tasks', description: 'Work that somebody asked for, now or for later' },
        { name: 'Videos', description: 'Films, and the prints that are made of them' },
        { name: 'Queues', description: 'The lanes in which tasks wait' },
        { name: 'Workers', description: 'The processes that run tasks' },
        { name: 'Operations', description: 'For whoever keeps it running' },
        { name: 'Dialects', description: 'What front ends of the services that this one replaces ask' }
      ]
    },
    // OpenAPI 3.1 has `const`.
    convertConstToEnum: false,
    transform: ({ schema, url }) => {
      const { params, ...rest } = schema ?? {}
      return {
        // What is called `*` to the router has no name that anybody could say.
        url: url.replace('*', ':name'),
        schema: { tags: [tagOf(url)], ...rest, ...(params ? { params: renamed(params) } : {}) }
      }
    },
    transformObject: document => nameParts((document as { openapiObject: object }).openapiObject)
  })
}

export async function openapiRoute(app: FastifyInstance) {
  const Document = Type.Object({ openapi: Type.String(), info: Type.Object({}), paths: Type.Object({}) })
  app.get(
    '/openapi.json',
    {
      logLevel: 'warn',
      schema: {
        summary: 'This document',
        response: { 200: answer(Document, 'An OpenAPI 3.1 document of every route'), ...problems() }
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
  return tags.find(([start]) => url.startsWith(start))![1]
}

function renamed(params: unknown) {
  const { properties } = params as { properties: Record<string, unknown> }
  const names = Object.entries(properties).map(([name, schema]) => [name === '*' ? 'name' : name, schema])
  return { type: 'object', properties: Object.fromEntries(names) }
}
