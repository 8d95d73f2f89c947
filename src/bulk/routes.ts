import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '#database/connect.ts'
import type { QueueNames } from '#queue/names.ts'
import type { Kinds } from '#tasks/define.ts'
import type { SubmitDefaults } from '#tasks/submit/prepare.ts'
import type { Voice } from '#tasks/voice.ts'
import { bulkReadRoutes } from './read-routes.ts'
import { bulkStartRoutes } from './start-routes.ts'
import { bulkAbortRoute, bulkUndoRoute } from './steer-routes.ts'
import { kindName } from './tasks/bulk-operation.ts'

export interface BulkNeeds {
  db: Database
  reads: Database
  kinds: Kinds
  queues: QueueNames
  defaults: SubmitDefaults
  voice: Voice
}

/** Acts on all tasks that match a filter. */
export const bulkRoutes: FastifyPluginAsyncTypebox<BulkNeeds> = async (app, needs) => {
  const kind = needs.kinds.get(kindName)!
  await app.register(bulkStartRoutes, { ...needs, kind })
  await app.register(bulkReadRoutes, needs)
  await app.register(bulkAbortRoute, { ...needs, kind })
  await app.register(bulkUndoRoute, { ...needs, kind })
}
