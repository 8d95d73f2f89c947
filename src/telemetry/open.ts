import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Families } from './metric-data.ts'
import { setTracer } from './spans.ts'

export interface TelemetryOptions {
  config: Pick<Config, 'OTEL_EXPORTER_OTLP_ENDPOINT'>
  log: Logger
  process: 'api' | 'worker'
  /** What `/metrics` of this process shows. */
  counted(): Promise<Families>
}

/** Sends spans and metrics to a collector of OpenTelemetry. Without one nothing of its SDK is loaded. */
export async function openTelemetry(options: TelemetryOptions): Promise<{ close(): Promise<void> }> {
  if (options.config.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return { async close() {} }
  const { startSdk } = await import('./sdk.ts')
  const { tracer, close } = startSdk(options)
  setTracer(tracer)
  return {
    async close() {
      setTracer(undefined)
      await close()
    }
  }
}
