/**
 * Built-in kinds that Darkroom submits to keep itself in order. Nothing else submits them: with arguments from outside
 * they could remove files and rows that are in use. By name, so that a program that calls a kind of its own under such a
 * name is refused too.
 */
export const internalKinds: readonly string[] = ['expire_results', 'sweep']

export function isInternal(kind: string) {
  return internalKinds.includes(kind)
}
