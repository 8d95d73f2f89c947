import { takePackages } from '#bundle/packages.ts'
import { type Config, readConfig, supervised } from '#config.ts'
import { type Command, command, type Given, type Options } from './command.ts'
import { misspeltSettings } from './misspelt.ts'
import { remark } from './screen/print.ts'

interface ProcessCommand<O extends Options> extends Omit<Command<O>, 'run' | 'settings'> {
  run(config: Config, given: Given<O> & { isSupervised: boolean }): Promise<number>
}

// Processes that this one starts must not take it for theirs.
const isSupervised = process.env[supervised] !== undefined
delete process.env[supervised]

/** A command that is the service, or works on its database: it reads the settings. */
export function serviceCommand<O extends Options>({ run, ...declared }: ProcessCommand<O>): Command<O> {
  return command({
    ...declared,
    settings: 'service',
    run: async given => {
      // Before the modules of the service, which import them.
      takePackages()
      setVariables(declared.options, given.values)
      // The server has printed these for its worker.
      if (!isSupervised) for (const sentence of misspeltSettings(process.env)) remark(`Warning: ${sentence}`)
      const config = readConfig()
      // Files of a service are for its account alone; the compile cache that `--help` writes is for all.
      process.umask(0o077)
      return run(config, { ...given, isSupervised })
    }
  })
}

/** As a variable an option also reaches the processes that this one starts. */
function setVariables(options: Options, values: Record<string, unknown>) {
  for (const [field, option] of Object.entries(options)) {
    if (option.env !== undefined && values[field] !== undefined) process.env[option.env] = String(values[field])
  }
}
