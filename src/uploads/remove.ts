import { UploadFinished, UploadNotFound } from '#errors.ts'
import type { Store } from '#storage/store.ts'
import { originalOf, prefixOf } from '#videos/keys.ts'
import type { UploadNeeds } from '#videos/upload/upload.ts'
import { deleteUploadSql, findUpload } from './queries.ts'

/** Ends an upload that is not finished, also under the hands of a request that writes it. */
export async function removeUpload({ db, store }: UploadNeeds, id: string) {
  const { rowCount } = await db.pool.query(deleteUploadSql, [id])
  if (rowCount === 0) {
    const upload = await findUpload(db, id)
    throw upload?.video_id ? new UploadFinished(upload.video_id) : new UploadNotFound(id)
  }
  await removeBytes(store, id)
}

/** The row has gone before: nothing makes a film of these bytes any more, wherever a crash has left them. */
export async function removeBytes(store: Store, id: string) {
  await store.discard(originalOf(id))
  await store.remove(prefixOf(id))
}
