import { type Command, command, type Given, type Options } from './command.ts'
import { flag } from './parsing/options.ts'
import type { Service } from './service/service.ts'

type Json = { json: ReturnType<typeof flag> }

interface ClientCommand<O extends Options> extends Omit<Command<O>, 'run' | 'settings'> {
  /** Answers the exit code, where it may be another than 0. */
  run(service: Service, given: Given<O & Json>): Promise<unknown>
}

/** A command that asks the running service. */
export function client<O extends Options>({ run, ...declared }: ClientCommand<O>): Command<O & Json> {
  const json = flag('print one JSON document; of what streams, one on a line')
  return command({
    ...declared,
    options: { ...declared.options, json },
    settings: 'client',
    run: async given => {
      const { openService } = await import('./service/service.ts')
      const code = await run(openService(), given)
      return typeof code === 'number' ? code : 0
    }
  })
}

export const watch = flag('show it again every 2 s')
