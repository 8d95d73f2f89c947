import type { FastifyPluginAsync } from 'fastify'
import { bulkRoute } from './create/bulk.ts'
import type { CreateNeeds } from './create/needs.ts'
import { createRoute } from './create/one.ts'
import { processRoute } from './create/process.ts'

/** The routes that submit tasks; each accepts an Idempotency-Key. */
export const createRoutes: FastifyPluginAsync<CreateNeeds> = async (app, needs) => {
  await app.register(createRoute, needs)
  await app.register(processRoute, needs)
  await app.register(bulkRoute, needs)
}
