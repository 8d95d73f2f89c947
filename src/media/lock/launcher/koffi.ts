import { createRequire } from 'node:module'

type Koffi = typeof import('koffi').default

const require = createRequire(import.meta.url)
const { arch } = process

/**
 * koffi without its loader of 300 lines, which would take a third of a start; through that loader where its files are
 * somewhere else.
 */
export const koffi = addon() ?? (require('koffi') as Koffi)

function addon(): Koffi | undefined {
  try {
    return require(`@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`)
  } catch {
    return undefined
  }
}
