import type { Config } from '#config.ts'
import { connect, type Database } from '#database/connect.ts'
import { isOutage, reasonOf } from '#database/outage.ts'
import { migrate } from '../../migrate.ts'
import { withDatabase } from '../database.ts'
import { Unreachable } from '../failures.ts'
import { remark } from '../screen/print.ts'

/** Works on the keys in the database. The first key may come before the first start, which makes the tables. */
export async function withKeys(
  config: Config,
  { mayCreate }: { mayCreate: boolean },
  work: (db: Database) => Promise<void>
) {
  try {
    return await withDatabase(config, { mayCreate }, async ({ url }) => {
      if (mayCreate) await migrate(url, [], remark)
      const db = connect(url, { name: 'darkroom key', max: 1 })
      try {
        await work(db)
      } finally {
        await db.close()
      }
    })
  } catch (error) {
    throw isOutage(error) ? new Unreachable(`The database does not answer: ${reasonOf(error as Error)}`) : error
  }
}
