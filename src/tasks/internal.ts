import type { Principal } from '#access/principal.ts'
import { KindInternal } from '#errors.ts'

/**
 * Built-in kinds of Darkroom's own upkeep. Only keys with the scope `admin` submit them: with arguments from outside they could remove
 * files and rows that are in use. Listed by name, so that a program that calls a kind of its own under such a name is
 * refused too.
 */
export const internalKinds: readonly string[] = [
  'bulk_operation',
  'expire_bulk_operations',
  'expire_deliveries',
  'expire_keys',
  'expire_occurrences',
  'expire_originals',
  'expire_results',
  'expire_uploads',
  'forget_workers',
  'process_video_part',
  'roll_up',
  'sweep'
]

export function isInternal(kind: string) {
  return internalKinds.includes(kind)
}

/** Cancelled, retried or forgotten at the wrong time, house-keeping stops: that is for `admin`. */
export function refuseInternal(kind: string, { scopes }: Principal) {
  if (isInternal(kind) && !scopes.includes('admin')) throw new KindInternal(kind)
}
