/**
 * Built-in kinds of Darkroom's own upkeep. Clients cannot submit them: with arguments from outside they could remove
 * files and rows that are in use. Listed by name, so that a program that calls a kind of its own under such a name is
 * refused too.
 */
export const internalKinds: readonly string[] = [
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
