import { CompiledQuery } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import type { Video } from '#database/tables.ts'

export interface UploadRow {
  id: string
  filename: string
  metadata: string
  length: number | null
  received: number
  written_by: string | null
  /** Whether a request holds the lease, and seconds until another one may take it. */
  is_locked: boolean
  locked_for: number
  is_expired: boolean
  video_id: string | null
  task_id: Video['task_id'] | null
  sha256: string | null
  created_at: Date
  expires_at: Date
  owner: string | null
}

/** Seconds after which a lease that is not renewed may be taken over. */
export const leaseTime = 10

export interface NewUpload {
  id: string
  filename: string
  metadata: string
  length: number | undefined
  request_id: string
  owner: string | undefined
}

// A running SHA-256 begins with the first byte, so the first append follows the upload itself.
export const createUploadSql = `
insert into darkroom.uploads (id, filename, metadata, length, request_id, written_by, expires_at, owner)
values ($1, $2, $3, $4, $5, $1, now() + $6::float8 * interval '1 second', $7)
returning created_at, expires_at`

export async function insertUpload(trx: InTransaction, upload: NewUpload, expires: number) {
  const { id, filename, metadata, length, request_id, owner } = upload
  const values = [id, filename, metadata, length ?? null, request_id, expires, owner ?? null]
  const { rows } = await trx.executeQuery<{ created_at: Date; expires_at: Date }>(
    CompiledQuery.raw(createUploadSql, values)
  )
  return rows[0]!
}

export const findUploadSql = `
select u.id, u.filename, u.metadata, u.length, u.received, u.written_by, u.video_id, u.created_at, u.expires_at, u.owner,
  coalesce(u.leased_until > now(), false) as is_locked,
  coalesce(extract(epoch from u.leased_until - now()), 0)::float8 as locked_for,
  u.expires_at <= now() and u.video_id is null as is_expired,
  f.task_id, f.sha256
from darkroom.uploads u left join darkroom.films f on f.id = u.video_id
where u.id = $1`

export async function findUpload({ pool }: Database, id: string): Promise<UploadRow | undefined> {
  const { rows } = await pool.query<UploadRow>({ name: 'find upload', text: findUploadSql, values: [id] })
  return rows[0]
}

export interface Taken {
  filename: string
  metadata: string
  length: number | null
  received: number
  written_by: string | null
  expires_at: Date
}

/**
 * Takes the lease, if it is free or its holder has not renewed it. A holder that ended without saying so may have left a
 * running hash behind that does not fit the file, so nothing follows it. These writes need not survive a crash of Postgres:
 * an older offset is as true as the newest one, and a lease that is lost matches no row.
 */
export const takeUploadSql = `
update darkroom.uploads set lease = $2, leased_until = now() + ${leaseTime} * interval '1 second',
  written_by = case when lease is null then written_by end
from set_config('synchronous_commit', 'off', true)
where id = $1 and received = $3 and video_id is null and expires_at > now()
  and (lease is null or leased_until <= now())
returning filename, metadata, length, received, written_by, expires_at`

export async function takeUpload({ pool }: Database, id: string, lease: string, offset: number) {
  const { rows } = await pool.query<Taken>({ name: 'take upload', text: takeUploadSql, values: [id, lease, offset] })
  return rows[0]
}

export const renewUploadSql = `
update darkroom.uploads set leased_until = now() + ${leaseTime} * interval '1 second',
  expires_at = now() + $3::float8 * interval '1 second'
from set_config('synchronous_commit', 'off', true)
where id = $1 and lease = $2
returning expires_at`

/** The bytes before the new offset are synced. */
export const advanceUploadSql = `
update darkroom.uploads set received = $4, written_by = $2, leased_until = now() + ${leaseTime} * interval '1 second',
  expires_at = now() + $3::float8 * interval '1 second'
from set_config('synchronous_commit', 'off', true)
where id = $1 and lease = $2
returning expires_at`

/** The same at the end of a request, which also may have said the length. */
export const leaveUploadSql = `
update darkroom.uploads set received = $4, length = coalesce(length, $5), lease = null, leased_until = null,
  written_by = case when received = $4 then written_by else $2 end,
  expires_at = now() + $3::float8 * interval '1 second'
from set_config('synchronous_commit', 'off', true)
where id = $1 and lease = $2
returning expires_at`

/** The appended bytes are gone from the store: the client has to send them again. */
export const restartUploadSql = `
update darkroom.uploads set received = 0, written_by = id, lease = null, leased_until = null
where id = $1 and lease = $2 and video_id is null`

/** In the transaction that makes the film: the offset reaches the length, or there is no film. */
export const finishUploadSql = `
update darkroom.uploads set received = $3, length = $3, video_id = id, lease = null, leased_until = null
where id = $1 and lease = $2 and video_id is null
returning id`

/** After this no request can write the upload or make a film of it. */
export const deleteUploadSql = `
delete from darkroom.uploads where id = $1 and video_id is null returning id`
