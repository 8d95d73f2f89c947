import type { Database } from '#database/connect.ts'
import type { Secrets } from '#secrets/master.ts'
import type { Keyring } from './keyring.ts'
import type { Tickets } from './ticket.ts'

export interface KeyNeeds {
  db: Database
  keyring: Keyring
  secrets: Secrets
  tickets: Tickets
  settings: { PUBLIC_URL: string | undefined }
}
