/** No space on the disk, in the quota or within the file size limit. 53100 is Postgres's code for its own disk. */
const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', '53100'])
/** A disk that fails or became read-only, a network file system without an answer, a volume that is not mounted. */
const away = new Set([
  ...['STORE_AWAY', 'EIO', 'EROFS', 'ENXIO', 'ENODEV'],
  ...['ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'EREMOTEIO', 'ETIMEDOUT']
])

/** True when no space is left. The same write may succeed after a removal. */
export function isFull(error: unknown) {
  return full.has(codeOf(error))
}

/** True when the store failed rather than the file. */
export function isAway(error: unknown) {
  return away.has(codeOf(error))
}

function codeOf(error: unknown) {
  return (error as NodeJS.ErrnoException | null | undefined)?.code ?? ''
}
