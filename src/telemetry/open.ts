import type { Config } from '#config.ts'
import type { SdkOptions } from './sdk.ts'
import { setTracer } from './spans.ts'

interface TelemetryOptions extends SdkOptions {
  config: Pick<Config, 'OTEL_EXPORTER_OTLP_ENDPOINT'>
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
