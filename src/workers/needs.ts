import type { Database } from '#database/connect.ts'
import type { Voice } from '#tasks/voice.ts'

/** What the routes of workers are given. */
export interface WorkerNeeds {
  db: Database
  voice: Voice
}
