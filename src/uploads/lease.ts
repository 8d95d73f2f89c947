import { CompiledQuery } from 'kysely'
import { v7 as uuid } from 'uuid'
import type { Database, InTransaction } from '#database/connect.ts'
import {
  advanceUploadSql,
  finishUploadSql,
  leaseTime,
  leaveUploadSql,
  renewUploadSql,
  restartUploadSql,
  type Taken,
  takeUpload
} from './queries.ts'
import { locked } from './refused.ts'

// Seconds. A lease is renewed several times before it could end.
const betweenRenewals = 3

interface LeaseNeeds {
  db: Database
  /** Seconds after the last byte after which the upload is removed. */
  uploadExpires: number
}

/**
 * The right of one request to write an upload, as a row that any process can read. It ends by itself `leaseTime` seconds
 * after its last renewal, also where its process has died, and it is renewed only while `isAlive` says so: a client
 * whose connection broke unnoticed does not lock itself out. The writer compares `deadline` with the clock before each
 * write, so a process that was frozen meanwhile writes nothing over the bytes of its successor.
 */
export interface Lease {
  name: string
  taken: Taken
  /** The offset that the row says. */
  offset: number
  deadline: SharedArrayBuffer
  /** Whether bytes still arrive; the request that writes sets it. */
  isAlive: () => boolean
  /** Renews a lease that is about to end: before a byte that came after a silence. */
  hold(): Promise<void>
  advance(offset: number): Promise<void>
  /** Ends the lease; answers when the upload expires. */
  leave(offset: number, length?: number): Promise<Date>
  /** In the transaction that makes the film. */
  finish(trx: InTransaction, length: number): Promise<void>
  /** The bytes are gone from the store: the upload begins again. */
  restart(): Promise<void>
  /** Ends the renewals, and a lease that was neither left nor lost. */
  end(): Promise<void>
}

/** Undefined where the upload is not free, or not at this offset. */
export async function takeLease(needs: LeaseNeeds, id: string, offset: number): Promise<Lease | undefined> {
  const { pool } = needs.db
  const name = uuid()
  const deadline = deadlineOf()
  const asked = process.hrtime.bigint()
  const taken = await takeUpload(needs.db, id, name, offset)
  if (!taken) return undefined
  deadline.extend(asked)

  const write = writer(needs, deadline, [id, name])
  const renew = () => write('renew upload', renewUploadSql, [])
  // One that fails is tried again; where the lease is lost, the next write of a byte says so.
  const timer = setInterval(() => lease.isAlive() && renew().catch(() => {}), betweenRenewals * 1000).unref()
  let isOver = false

  const lease: Lease = {
    name,
    taken,
    offset,
    deadline: deadline.buffer,
    isAlive: () => true,

    async hold() {
      if (deadline.left() < inNanoseconds(betweenRenewals)) await renew()
    },

    async advance(to) {
      await write('advance upload', advanceUploadSql, [to])
      lease.offset = to
    },

    async leave(to, length) {
      const expires = await write('leave upload', leaveUploadSql, [to, length ?? null])
      isOver = true
      return expires
    },

    async finish(trx, length) {
      const { rows } = await trx.executeQuery(CompiledQuery.raw(finishUploadSql, [id, name, length]))
      if (rows.length === 0) throw locked()
      isOver = true
    },

    async restart() {
      await pool.query(restartUploadSql, [id, name])
      isOver = true
    },

    async end() {
      clearInterval(timer)
      // Without a database the lease ends by itself.
      if (!isOver) await lease.leave(lease.offset).catch(() => {})
    }
  }
  return lease
}

type Deadline = ReturnType<typeof deadlineOf>

/** When the lease ends, in nanoseconds of this machine's clock; the writer reads it in its thread. */
function deadlineOf() {
  const shared = new BigInt64Array(new SharedArrayBuffer(8))
  return {
    buffer: shared.buffer,
    left: () => Atomics.load(shared, 0) - process.hrtime.bigint(),
    /** From before the statement: by our clock the lease ends no later than by the database's. */
    extend(asked: bigint) {
      Atomics.store(shared, 0, asked + inNanoseconds(leaseTime))
    }
  }
}

/** Writes the row of an upload under its lease, which each statement renews. */
function writer({ db: { pool }, uploadExpires }: LeaseNeeds, deadline: Deadline, [id, name]: [string, string]) {
  return async (statement: string, text: string, values: unknown[]): Promise<Date> => {
    const asked = process.hrtime.bigint()
    const { rows } = await pool.query<{ expires_at: Date }>({
      name: statement,
      text,
      values: [id, name, uploadExpires, ...values]
    })
    if (!rows[0]) throw locked()
    deadline.extend(asked)
    return rows[0].expires_at
  }
}

function inNanoseconds(seconds: number) {
  return BigInt(seconds) * 1_000_000_000n
}
