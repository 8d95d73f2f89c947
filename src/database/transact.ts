import type { Database, InTransaction } from './connect.ts'

/** Serialization failure, deadlock: the transaction was rolled back, and a retry may succeed. */
const again = ['40001', '40P01']
const most = 5

/** Runs a transaction, and retries it where another one took the same locks in another order. */
export async function transact<T>({ query }: Database, run: (trx: InTransaction) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await query.transaction().execute(run)
    } catch (error) {
      if (tries === most || !again.includes((error as { code?: string }).code ?? '')) throw error
    }
  }
}
