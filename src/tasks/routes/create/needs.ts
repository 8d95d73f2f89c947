import type { QueueNames } from '#queue/names.ts'
import type { Kinds } from '#tasks/define.ts'
import type { SubmitDefaults } from '#tasks/submit/prepare.ts'
import type { Webhooks } from '#tasks/submit/webhooks.ts'
import type { WriteNeeds } from './write.ts'

/** What the routes beside this are given. */
export interface CreateNeeds extends WriteNeeds {
  kinds: Kinds
  queues: QueueNames
  webhooks: Webhooks
  defaults: SubmitDefaults
}
