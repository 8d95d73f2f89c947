import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { BuildOptions } from 'esbuild'

/**
 * Bundles an ES module with its imports into one file, which other processes see complete or not at all. Throws where
 * esbuild is not installed, as in the container image.
 */
export async function bundle(entry: string, file: string, options: BuildOptions = {}) {
  await mkdir(path.dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  const { build, stop } = await import('esbuild')
  try {
    await build({ entryPoints: [entry], outfile: draft, bundle: true, format: 'esm', logLevel: 'silent', ...options })
    await rename(draft, file)
  } finally {
    await stop()
    await rm(draft, { force: true })
  }
}
