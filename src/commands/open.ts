import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { print, remark, show } from './screen/print.ts'
import type { Service } from './service/service.ts'

/** `BROWSER`, else what the system opens addresses with. Without a desktop the address is printed. */
export async function openDashboard(service: Service, { json }: { json?: boolean }) {
  const url = new URL('ui', service.base).href
  if (json) return show({ url }, { json, text: () => url })
  // The key is not sent: the page asks for it.
  await service.get('api/about').catch(error => {
    if (error.status !== 401 && error.status !== 403) throw error
  })
  print(url)
  const [program, ...args] = opener(url)
  if (program && (await starts(program, args))) return
  remark('There is no browser to open here: open the address in one')
}

function opener(url: string) {
  const { BROWSER, DISPLAY, WAYLAND_DISPLAY } = process.env
  if (BROWSER) return [BROWSER, url]
  if (process.platform === 'darwin') return ['open', url]
  if (process.platform === 'win32') return ['explorer', url]
  return DISPLAY || WAYLAND_DISPLAY ? ['xdg-open', url] : []
}

async function starts(program: string, args: string[]) {
  const browser = spawn(program, args, { stdio: 'ignore', detached: true })
  browser.unref()
  try {
    await once(browser, 'spawn')
    return true
  } catch {
    return false
  }
}
