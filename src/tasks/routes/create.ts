import type { FastifyPluginAsync } from 'fastify'
import type { QueueNames } from '#queue/names.ts'
import type { Kinds } from '#tasks/define.ts'
import type { SubmitDefaults } from '#tasks/submit/prepare.ts'
import type { Webhooks } from '#tasks/submit/webhooks.ts'
import { bulkRoute } from './create/bulk.ts'
import { createRoute } from './create/one.ts'
import { processRoute } from './create/process.ts'
import type { WriteNeeds } from './create/write.ts'

export interface CreateNeeds extends WriteNeeds {
  kinds: Kinds
  queues: QueueNames
  webhooks: Webhooks
  defaults: SubmitDefaults
}

/** The routes that submit tasks; each accepts an Idempotency-Key. */
export const createRoutes: FastifyPluginAsync<CreateNeeds> = async (app, needs) => {
  await app.register(createRoute, needs)
  await app.register(processRoute, needs)
  await app.register(bulkRoute, needs)
}
