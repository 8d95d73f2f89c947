import type { Logger } from 'pino'
import { listen } from '#database/listen.ts'
import type { Keyring } from '#keys/keyring.ts'
import { earsName } from '#keys/queries.ts'
import { channels } from '#tasks/channels.ts'
import type { Watching } from '#tasks/read/watch.ts'
import type { Expirer } from '#tasks/upkeep/expirer.ts'

interface OpenEarsOptions {
  url: string
  watching: Watching
  deadlines: Expirer
  keyring: Keyring
  log: Logger
}

/** Acts on notifications of other processes. They are hints: polling finds what a lost one announced. */
export function openEars({ url, watching, deadlines, keyring, log }: OpenEarsOptions) {
  return listen({
    url,
    name: earsName,
    channels: {
      [channels.changed]: watching.hear,
      [channels.keys]: id => void keyring.hear(id),
      [channels.deadline]: payload => deadlines.by(Math.min(...payload.split(',').map(Number)))
    },
    onReconnect() {
      watching.lookAgain()
      keyring.hearAgain()
      deadlines.by(0)
    },
    onError(error) {
      keyring.deafen()
      log.warn({ err: error }, 'the LISTEN connection was lost; reconnecting')
    }
  })
}
