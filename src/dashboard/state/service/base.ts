// This file is served from <prefix>/ui/assets/: so the page knows below which path a proxy serves it.
const root = new URL('../../', import.meta.url)

/** Path of the service, with a slash at its end. */
export const base = root.pathname

/** Address of a request: "/api/tasks" below the prefix. */
export function addressOf(path: string): string {
  return base + path.replace(/^\//, '')
}

/** Address of a page: "/tasks" below `/ui`. */
export function pageAddress(path: string): string {
  return `${base}ui${path === '/' ? '' : path}`
}

/** What a command line has to name. */
export const serviceAddress = `${location.origin}${base.replace(/\/$/, '')}`

export function socketAddress(path: string): string {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${addressOf(path)}`
}
