import type { Database } from '#database/connect.ts'
import type { Voice } from '#tasks/voice.ts'

/** What the routes that change queues are given. */
export interface QueueNeeds {
  db: Database
  voice: Voice
}
